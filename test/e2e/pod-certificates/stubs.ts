import 'reflect-metadata'; // what @peculiar/x509 asks of its users
import { constants, generateKeyPairSync, type KeyObject, sign, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

x509.cryptoProvider.set(webcrypto as Crypto);

const rsa = (modulusLength: number) => ({
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength,
  publicExponent: Uint8Array.of(1, 0, 1),
});
const ec = (namedCurve: string, hash: string) => ({ name: 'ECDSA', namedCurve, hash });

/** The keys that a pod may ask for, by the API's own names. */
export const keyTypes = {
  ECDSAP256: ec('P-256', 'SHA-256'),
  ECDSAP384: ec('P-384', 'SHA-384'),
  ECDSAP521: ec('P-521', 'SHA-512'),
  ED25519: { name: 'Ed25519' },
  RSA3072: rsa(3072),
  RSA4096: rsa(4096),
} as const;
export type PodKeyType = keyof typeof keyTypes;
export const isKeyType = (name: string): name is PodKeyType => name in keyTypes;

export interface PodKey {
  /** base64 DER of a request as kubelet makes it. */
  readonly stub: string;
  /** PKCS#8. */
  readonly pem: string;
}

/** A new key and its request, which has no name unless told. */
export async function podKey(
  keyType: PodKeyType = 'ECDSAP256',
  names: { readonly commonName?: string; readonly uri?: string } = {},
): Promise<PodKey> {
  const algorithm = keyTypes[keyType];
  const pair = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  if (!('privateKey' in pair)) throw new Error('a pair was asked for');
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    keys: pair,
    signingAlgorithm: algorithm,
    ...(names.commonName !== undefined && { name: `CN=${names.commonName}` }),
    ...(names.uri !== undefined && {
      extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'url', value: names.uri }])],
    }),
  });
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', pair.privateKey);
  return {
    stub: Buffer.from(request.rawData).toString('base64'),
    pem: `${x509.PemConverter.encode(pkcs8, 'PRIVATE KEY')}\n`,
  };
}

/** A bare key and its proof, as kubelets before 1.36 send them: what is signed is the UID of the pod. */
export function bareKey(keyType: PodKeyType, podUid: string) {
  const { publicKey, privateKey } = bareKeys[keyType]();
  const message = Buffer.from(podUid);
  const isRsa = privateKey.asymmetricKeyType === 'rsa';
  const padded = { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING };
  const digest = privateKey.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  return {
    pkixPublicKey: publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
    proofOfPossession: sign(digest, message, isRsa ? padded : privateKey).toString('base64'),
  };
}

const bareKeys: Readonly<Record<PodKeyType, () => { readonly publicKey: KeyObject; readonly privateKey: KeyObject }>> =
  {
    ECDSAP256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    ECDSAP384: () => generateKeyPairSync('ec', { namedCurve: 'P-384' }),
    ECDSAP521: () => generateKeyPairSync('ec', { namedCurve: 'P-521' }),
    ED25519: () => generateKeyPairSync('ed25519'),
    RSA3072: () => generateKeyPairSync('rsa', { modulusLength: 3072 }),
    RSA4096: () => generateKeyPairSync('rsa', { modulusLength: 4096 }),
  };

export const stub = async (...words: Parameters<typeof podKey>): Promise<string> => (await podKey(...words)).stub;
