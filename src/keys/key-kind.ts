import { createPublicKey, type KeyObject } from 'node:crypto';
import type { Der, KeyKind, SignatureAlgorithm } from '#x509/algorithms.ts';
import { KeyStoreError } from './key-store-error.ts';

/** The signature each kind of key makes: a hash as strong as the curve; SHA-256 for RSA. */
export function signatureAlgorithmOf(kind: KeyKind): SignatureAlgorithm {
  switch (kind) {
    case 'ec:P-256':
      return 'ecdsa-sha256';
    case 'ec:P-384':
      return 'ecdsa-sha384';
    case 'ec:P-521':
      return 'ecdsa-sha512';
    case 'ed25519':
    case 'ml-dsa-44':
    case 'ml-dsa-65':
    case 'ml-dsa-87':
      return kind;
    default:
      return 'rsa-sha256';
  }
}

const curves: Readonly<Record<string, KeyKind>> = {
  prime256v1: 'ec:P-256',
  secp384r1: 'ec:P-384',
  secp521r1: 'ec:P-521',
};

/** The kind of a public or private key; undefined for one that no CA of ours can have. */
function kindOf(key: KeyObject): KeyKind | undefined {
  const details = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case 'ec':
      return curves[details.namedCurve ?? ''];
    case 'rsa':
      return details.modulusLength === undefined ? undefined : `rsa:${details.modulusLength}`;
    case 'ed25519':
    case 'ml-dsa-44':
    case 'ml-dsa-65':
    case 'ml-dsa-87':
      return key.asymmetricKeyType;
    default:
      return undefined;
  }
}

/** SubjectPublicKeyInfo of a public or private key. */
export function spkiOf(key: KeyObject): Der {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })) as Der;
}

/** Throws KeyStoreError `mechanism`. */
export function knownKind(key: KeyObject): KeyKind {
  const kind = kindOf(key);
  if (kind === undefined) {
    throw new KeyStoreError('mechanism', `a key of type ${key.asymmetricKeyType ?? 'unknown'} cannot be a CA key here`);
  }
  return kind;
}
