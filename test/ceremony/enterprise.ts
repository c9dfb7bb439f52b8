import 'reflect-metadata'; // what @peculiar/x509 asks of its users
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { contextConstructed, contextPrimitive } from '#x509/der/tags.ts';
import { element, sequence } from '#x509/der/writer.ts';

/** Somebody else's CA, built with another library: it can make what ours would never make. */

x509.cryptoProvider.set(webcrypto as Crypto);
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const usages = x509.KeyUsageFlags;

export interface Authority {
  readonly certificate: x509.X509Certificate;
  readonly keys: webcrypto.CryptoKeyPair;
}

const days = (n: number) => new Date(Date.now() + n * 86_400_000);

export interface Variation {
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  readonly basicConstraints?: x509.BasicConstraintsExtension | undefined;
  readonly keyUsage?: x509.KeyUsagesExtension | undefined;
  readonly uris?: readonly string[];
  readonly extra?: readonly x509.Extension[];
  readonly publicKey?: CryptoKey;
}

export const ca = (pathLength?: number) => new x509.BasicConstraintsExtension(true, pathLength, true);
export const notCa = new x509.BasicConstraintsExtension(false, undefined, true);
export const keyUsage = (flags: number, critical = true) => new x509.KeyUsagesExtension(flags, critical);
export const signs = usages.keyCertSign | usages.cRLSign;

export async function enterpriseRoot(name = 'CN=Enterprise root, O=Example'): Promise<Authority> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name,
    keys,
    notBefore: days(-10),
    notAfter: days(3650),
    signingAlgorithm: algorithm,
    extensions: [ca(), keyUsage(signs), await x509.SubjectKeyIdentifierExtension.create(keys.publicKey)],
  });
  return { certificate, keys };
}

/** A subordinate CA of the enterprise, with a key of its own. */
export async function policyCa(root: Authority, pathLength?: number): Promise<Authority> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const variation = { basicConstraints: ca(pathLength), uris: [], publicKey: keys.publicKey };
  return { certificate: await issue(root, 'CN=Policy CA, O=Example', keys.publicKey, variation), keys };
}

/** What the enterprise's CA makes of our request: the right thing, or a variation of it. */
export async function answer(issuer: Authority, csr: string, variation: Variation = {}): Promise<string> {
  const request = new x509.Pkcs10CertificateRequest(csr);
  const publicKey = variation.publicKey ?? (await request.publicKey.export());
  return `${(await issue(issuer, request.subject, publicKey, variation)).toString('pem')}\n`;
}

/** A certificate for any key, by default what our request asks for. */
export async function issue(issuer: Authority, subject: string, publicKey: CryptoKey, variation: Variation = {}) {
  const { uris = ['spiffe://cluster.local'] } = variation;
  const constraints = 'basicConstraints' in variation ? variation.basicConstraints : ca(0);
  const usage = 'keyUsage' in variation ? variation.keyUsage : keyUsage(signs);
  return x509.X509CertificateGenerator.create({
    subject,
    issuer: issuer.certificate.subject,
    signingKey: issuer.keys.privateKey,
    signingAlgorithm: algorithm,
    publicKey,
    notBefore: variation.notBefore ?? days(-1),
    notAfter: variation.notAfter ?? days(365),
    extensions: [
      ...(constraints ? [constraints] : []),
      ...(usage ? [usage] : []),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.keys.publicKey),
      ...(uris.length > 0
        ? [new x509.SubjectAlternativeNameExtension(uris.map((value) => ({ type: 'url' as const, value })))]
        : []),
      ...(variation.extra ?? []),
    ],
  });
}

export const pemOf = ({ certificate }: Authority) => `${certificate.toString('pem')}\n`;
export const newKey = async () => (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])).publicKey;
export { days };

const raw = (id: string, critical: boolean, value: Uint8Array) =>
  new x509.Extension(id, critical, value.slice().buffer);
export const constraints = (kind: number, base: string) =>
  raw(
    '2.5.29.30',
    true,
    sequence(element(contextConstructed(0), sequence(element(contextPrimitive(kind), Buffer.from(base))))),
  );

/** What a certificate is like that makes no issuer of SVIDs in cluster.local, and what is said of it. */
export const badIssuers: readonly [string, RegExp, Variation][] = [
  ['is no CA', /basicConstraints does not say CA/, { basicConstraints: notCa }],
  ['has no basicConstraints', /basicConstraints is missing/, { basicConstraints: undefined }],
  [
    'may not sign certificates',
    /keyUsage does not allow it to sign/,
    { keyUsage: keyUsage(x509.KeyUsageFlags.cRLSign) },
  ],
  ['has no keyUsage', /has no keyUsage; it must have keyCertSign/, { keyUsage: undefined }],
  ['has keyUsage not critical', /keyUsage of our certificate must be critical/, { keyUsage: keyUsage(signs, false) }],
  ['is past', /it was valid until/, { notBefore: days(-30), notAfter: days(-1) }],
  ['is not yet valid', /it is valid from/, { notBefore: days(1) }],
  [
    'is for another trust domain',
    /is for spiffe:\/\/other; it must be for spiffe:\/\/cluster\.local/,
    { uris: ['spiffe://other'] },
  ],
  ['names a path', /without a path/, { uris: ['spiffe://cluster.local/ns/x'] }],
  ['has two URI names', /X509-SVID allows one/, { uris: ['spiffe://cluster.local', 'spiffe://other'] }],
  [
    'has a critical extension that nobody knows',
    /critical extension 1\.2\.3\.4/,
    { extra: [raw('1.2.3.4', true, Buffer.of(5, 0))] },
  ],
  [
    'may be used for mail only',
    /serverAuth|clientAuth|extendedKeyUsage/,
    { extra: [new x509.ExtendedKeyUsageExtension(['1.3.6.1.5.5.7.3.4'])] },
  ],
  [
    'may only sign for names that exclude it',
    /spiffe:\/\/cluster\.local\/ns\/example\/sa\/example" /,
    { extra: [constraints(6, 'example.org')] },
  ],
];
