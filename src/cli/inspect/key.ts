import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { Shown } from './show.ts';

export interface KeyFacts {
  /** As policy files name it: `ec:P-256`, `rsa:2048`, `ed25519`. */
  readonly kind: string;
  /** SHA-256 of the SubjectPublicKeyInfo, hex. */
  readonly spkiSha256: string;
}

const curves: Readonly<Record<string, string>> = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' };

function keyFacts(key: KeyObject): KeyFacts {
  return { kind: keyKind(key), spkiSha256: sha256(key.export({ type: 'spki', format: 'der' })) };
}

/** The key in a SubjectPublicKeyInfo. Throws Error where OpenSSL cannot read it. */
export function spkiFacts(spki: Buffer): KeyFacts {
  return { kind: keyKind(createPublicKey({ key: spki, format: 'der', type: 'spki' })), spkiSha256: sha256(spki) };
}

function keyKind(key: KeyObject): string {
  const details = key.asymmetricKeyDetails;
  const type = key.asymmetricKeyType ?? 'unknown';
  if (type === 'ec') return `ec:${curves[details?.namedCurve ?? ''] ?? details?.namedCurve ?? 'unnamed curve'}`;
  return type === 'rsa' || type === 'rsa-pss' || type === 'dsa' ? `${type}:${details?.modulusLength ?? '?'}` : type;
}

/** Nothing of a private key is shown but its kind and the fingerprint of its public half. */
export function readPrivateKey(der: Buffer): Shown {
  return keyShown('private-key', 'Private key', keyFacts(createPublicKey(anyPrivateKey(der))));
}

export function readPublicKey(der: Buffer): Shown {
  return keyShown('public-key', 'Public key', spkiFacts(der));
}

function keyShown(kind: string, title: string, facts: KeyFacts): Shown {
  return {
    kind,
    title,
    facts: [
      ['key', facts.kind],
      ['spki sha256', facts.spkiSha256],
    ],
    notes: [],
    data: { key: facts },
  };
}

function anyPrivateKey(der: Buffer): KeyObject {
  for (const type of ['pkcs8', 'sec1', 'pkcs1'] as const) {
    try {
      return createPrivateKey({ key: der, format: 'der', type });
    } catch {
      // The label does not say which of the three encodings it is; the last failure is told below.
    }
  }
  throw new Error('neither PKCS#8, SEC 1 nor PKCS#1');
}

export function sha256(octets: Uint8Array): string {
  return createHash('sha256').update(octets).digest('hex');
}
