import 'reflect-metadata'; // what @peculiar/x509 asks of its users
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

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

async function issue(issuer: Authority, subject: string, publicKey: CryptoKey, variation: Variation) {
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
