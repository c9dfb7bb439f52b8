import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { signatureAlgorithmOf, spkiOf } from '#keys/key-kind.ts';
import type { Der, KeyKind } from '#x509/algorithms.ts';
import { readCertificate } from '#x509/certificate.ts';
import { toPem } from '#x509/pem.ts';
import { caTbs } from '#x509/profile/ca-certificate.ts';
import { assembleSigned } from '#x509/signed.ts';

export interface TestAuthority {
  readonly key: KeyObject;
  readonly keyPem: string;
  readonly certificate: Der;
  readonly pem: string;
}

const curves = { 'ec:P-256': 'P-256', 'ec:P-384': 'P-384' } as const;

/** A key of a test, which lives as long as the test. */
export function testKey(kind: KeyKind): KeyObject {
  if (kind === 'ec:P-256' || kind === 'ec:P-384')
    return generateKeyPairSync('ec', { namedCurve: curves[kind] }).privateKey;
  if (kind === 'ed25519') return generateKeyPairSync('ed25519').privateKey;
  return generateKeyPairSync('rsa', { modulusLength: Number(kind.slice(4)) }).privateKey;
}

export interface AuthorityOptions {
  readonly commonName: string;
  readonly kind?: KeyKind;
  readonly issuer?: TestAuthority;
  readonly trustDomain?: string;
  /** CAs allowed below it; 0 unless told, and a root has no bound. */
  readonly pathLength?: number;
  /** Seconds since the epoch. */
  readonly notBefore?: number;
  readonly notAfter?: number;
  /** Another certificate for the key of this one. */
  readonly renews?: TestAuthority;
}

/** A root, or an intermediate below `issuer`, with keys in software. */
export function testAuthority(options: AuthorityOptions): TestAuthority {
  const { kind = 'ec:P-256', issuer } = options;
  const key = options.renews?.key ?? testKey(kind);
  const signingKey = issuer?.key ?? key;
  const algorithm = signatureAlgorithmOf(issuer === undefined ? kind : kindOfAuthority(issuer));
  const now = Math.floor(Date.now() / 1000);
  const above = issuer && readCertificate(issuer.certificate);
  const serial = randomBytes(20);
  serial[0] = 0x41;
  const tbs = caTbs(
    {
      subject: { commonName: options.commonName },
      issuer: above === undefined ? 'self' : { name: above.subject, keyId: above.subjectKeyId ?? new Uint8Array() },
      spki: spkiOf(key),
      serial,
      notBefore: options.notBefore ?? now - 3600,
      notAfter: options.notAfter ?? now + 30 * 86_400,
      ...(above !== undefined && { pathLength: options.pathLength ?? 0 }),
      ...(options.trustDomain !== undefined && { trustDomain: options.trustDomain }),
    },
    algorithm,
  );
  const digest = /sha\d+/.exec(algorithm)?.[0] ?? null;
  const certificate = assembleSigned(tbs, algorithm, sign(digest, tbs, signingKey));
  return {
    key,
    keyPem: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificate,
    pem: toPem('CERTIFICATE', certificate),
  };
}

function kindOfAuthority({ key }: TestAuthority): KeyKind {
  if (key.asymmetricKeyType === 'ed25519') return 'ed25519';
  if (key.asymmetricKeyType === 'rsa') return `rsa:${key.asymmetricKeyDetails?.modulusLength ?? 0}`;
  return key.asymmetricKeyDetails?.namedCurve === 'secp384r1' ? 'ec:P-384' : 'ec:P-256';
}
