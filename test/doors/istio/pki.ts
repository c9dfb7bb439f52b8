import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

/** A throw-away mesh PKI, made by another library than ours. */
export interface Keyed {
  readonly certificate: x509.X509Certificate;
  readonly keys: CryptoKeyPair;
  readonly pem: string;
  readonly keyPem: string;
}

export interface LeafWish {
  readonly uris?: readonly string[];
  readonly dns?: readonly string[];
  readonly ips?: readonly string[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  readonly key?: 'ec' | 'rsa';
  readonly ca?: boolean;
}

type CryptoKeyPair = webcrypto.CryptoKeyPair;
const ec = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const rsa = {
  name: 'RSASSA-PKCS1-v1_5',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
  hash: 'SHA-256',
};
const hour = 3_600_000;
let serial = 1;

async function keyed(certificate: x509.X509Certificate, keys: CryptoKeyPair): Promise<Keyed> {
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    certificate,
    keys,
    pem: `${certificate.toString('pem')}\n`,
    keyPem: `${x509.PemConverter.encode(pkcs8, 'PRIVATE KEY')}\n`,
  };
}

export async function makeRoot(name: string): Promise<Keyed> {
  const keys = await webcrypto.subtle.generateKey(ec, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: `0${serial++ % 10}`,
    name: `CN=${name}`,
    notBefore: new Date(Date.now() - hour),
    notAfter: new Date(Date.now() + 100 * hour),
    signingAlgorithm: ec,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return keyed(certificate, keys);
}

/** An issuer may have made its key id in another way than we would. */
function keyIdOf(issuer: x509.X509Certificate): string {
  const [subjectKeyId] = issuer.getExtensions(x509.SubjectKeyIdentifierExtension);
  if (subjectKeyId === undefined) throw new Error('an issuer without a subject key id');
  return subjectKeyId.keyId;
}

export async function issue(issuer: Keyed, name: string, wish: LeafWish = {}): Promise<Keyed> {
  const keys =
    wish.key === 'rsa'
      ? await webcrypto.subtle.generateKey(rsa, true, ['sign', 'verify'])
      : await webcrypto.subtle.generateKey(ec, true, ['sign', 'verify']);
  const names = [
    ...(wish.uris ?? []).map((value) => ({ type: 'url' as const, value })),
    ...(wish.dns ?? []).map((value) => ({ type: 'dns' as const, value })),
    ...(wish.ips ?? []).map((value) => ({ type: 'ip' as const, value })),
  ];
  const usage = wish.ca ? x509.KeyUsageFlags.keyCertSign : x509.KeyUsageFlags.digitalSignature;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: `1${serial++ % 10}`,
    subject: `CN=${name}`,
    issuer: issuer.certificate.subject,
    notBefore: wish.notBefore ?? new Date(Date.now() - hour),
    notAfter: wish.notAfter ?? new Date(Date.now() + hour),
    signingAlgorithm: ec,
    publicKey: keys.publicKey,
    signingKey: issuer.keys.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(wish.ca === true, undefined, true),
      new x509.KeyUsagesExtension(usage, true),
      ...(wish.ca
        ? []
        : [new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth])]),
      ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      new x509.AuthorityKeyIdentifierExtension(keyIdOf(issuer.certificate)),
    ],
  });
  return keyed(certificate, keys);
}
