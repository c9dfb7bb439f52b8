import { constants, verify } from 'node:crypto';
import { Refusal } from '#refusal/refusal.ts';
import type { SignatureAlgorithm } from '../algorithms.ts';
import { type PublicKey, readSpki } from '../keys/public-key.ts';
import { emptyName } from '../name.ts';
import { noExtensions } from './extensions.ts';
import type { ParsedCsr } from './parse.ts';

/** A key without a request around it, and what its holder signed. */
export interface KeyProof {
  /** DER of the SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  readonly message: Uint8Array;
  /** SHA-256 with RSASSA-PSS (of any salt) or ECDSA (DER), or Ed25519: as PodCertificateRequests have it before Kubernetes 1.36. */
  readonly signature: Uint8Array;
}

const longestSignature = 1_024;

/** A request that names nobody, for that key. Throws Refusal `key.*`; its signature is not checked. */
export function parseKeyProof({ spki, message, signature }: KeyProof): ParsedCsr {
  const key = readSpki(spki);
  return {
    der: key.spki,
    signedPart: message,
    subject: { der: emptyName(), empty: true },
    key,
    attributes: { extensions: noExtensions, challengePassword: false, unknownAttributes: [] },
    signature: algorithmFor(key),
    signatureOctets: signature,
  };
}

/** Rejects with Refusal `csr.signature`. */
export async function checkKeyProof({ key, signature, signedPart, signatureOctets }: ParsedCsr): Promise<void> {
  const proven =
    signatureOctets.length <= longestSignature && (await isSigned(key, signature, signedPart, signatureOctets));
  if (!proven) throw new Refusal('csr.signature', 'the proof of possession does not verify with the key that it is of');
}

function algorithmFor({ kind }: PublicKey): SignatureAlgorithm {
  if (kind.startsWith('rsa:')) return 'rsa-pss-sha256';
  if (kind.startsWith('ec:')) return 'ecdsa-sha256';
  if (kind === 'ed25519') return kind;
  throw new Refusal('key.not-allowed', `a key of type ${kind} has no proof of possession in this form`);
}

function isSigned(
  { object }: PublicKey,
  algorithm: SignatureAlgorithm,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const digest = algorithm === 'ed25519' ? null : 'sha256';
  const pss = { key: object, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO };
  return new Promise((resolve) => {
    verify(digest, message, algorithm === 'rsa-pss-sha256' ? pss : object, signature, (error, ok) =>
      resolve(error === null && ok),
    );
  });
}
