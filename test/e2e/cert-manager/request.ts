import 'reflect-metadata'; // what @peculiar/x509 asks of its users
import { createPrivateKey, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { type KeyWish, relativeNamesOf, type Wish } from './wish.ts';

x509.cryptoProvider.set(webcrypto as Crypto);

const algorithms = {
  RSA: {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength: 2048,
    publicExponent: Uint8Array.of(1, 0, 1),
  },
  ECDSA: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  Ed25519: { name: 'Ed25519' },
} as const;

/** A key and the request for it, as somebody makes them who does without cert-manager. */
export interface OwnRequest {
  /** PEM. */
  readonly csr: string;
  /** PEM. */
  readonly key: string;
}

export async function newKeys(algorithm: KeyWish['algorithm'] = 'RSA'): Promise<webcrypto.CryptoKeyPair> {
  const pair = await webcrypto.subtle.generateKey(algorithms[algorithm], true, ['sign', 'verify']);
  if (!('privateKey' in pair)) throw new Error('a pair was asked for');
  return pair;
}

/** Of a wish's names; its lifetime and usages are not said in it. */
export async function newRequest(wish: Wish): Promise<OwnRequest> {
  const { algorithm = 'RSA' } = wish.privateKey ?? {};
  const keys = await newKeys(algorithm);
  const alternatives = alternativesOf(wish);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    keys,
    signingAlgorithm: algorithms[algorithm],
    name: subjectOf(wish),
    extensions: alternatives.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(alternatives)],
  });
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  return {
    csr: `${request.toString('pem')}\n`,
    key: createPrivateKey({ key, format: 'der', type: 'pkcs8' }).export({ format: 'pem', type: 'pkcs8' }).toString(),
  };
}

/** Every value a UTF8String. */
export function subjectOf({ commonName, literalSubject, subject }: Wish): x509.Name {
  const names =
    literalSubject === undefined
      ? [
          ...(subject?.organizations ?? []).map((value) => [{ type: '2.5.4.10', value }]),
          ...(commonName === undefined ? [] : [[{ type: '2.5.4.3', value: commonName }]]),
        ]
      : relativeNamesOf(literalSubject);
  return new x509.Name(
    names.map((name) => Object.fromEntries(name.map(({ type, value }) => [type, [{ utf8String: value }]]))),
  );
}

/** Of the otherNames only UPNs. */
export function alternativesOf(wish: Wish): x509.JsonGeneralNames {
  const { dnsNames = [], emailAddresses = [], uris = [], ipAddresses = [], otherNames = [] } = wish;
  return [
    ...emailAddresses.map((value) => ({ type: 'email' as const, value })),
    ...dnsNames.map((value) => ({ type: 'dns' as const, value })),
    ...uris.map((value) => ({ type: 'url' as const, value })),
    ...ipAddresses.map((value) => ({ type: 'ip' as const, value })),
    ...otherNames.map(({ utf8Value: value }) => ({ type: 'upn' as const, value })),
  ];
}
