import { Refusal } from '#refusal/refusal.ts';
import { signatureAlgorithmAt } from '../algorithm-identifiers.ts';
import type { Der, SignatureAlgorithm } from '../algorithms.ts';
import type { CertificateKind } from '../certificate-kind.ts';
import { oidText } from '../der/oid.ts';
import { DerError, DerReader } from '../der/reader.ts';
import { contextConstructed } from '../der/tags.ts';
import { checkWellFormed } from '../der/well-formed.ts';
import { type PublicKey, readSpki } from '../keys/public-key.ts';
import { type AttributeFacts, readAttributes } from './attributes.ts';
import { readSubject, type SubjectFacts } from './subject.ts';

/** A request's fields; nothing about its signature or the strength of its key is known yet. */
export interface ParsedCsr {
  readonly der: Der;
  /** CertificationRequestInfo, the signed part. */
  readonly signedPart: Uint8Array;
  readonly subject: SubjectFacts;
  readonly key: PublicKey;
  readonly attributes: AttributeFacts;
  readonly signature: SignatureAlgorithm;
  readonly signatureOctets: Uint8Array;
}

/**
 * CertificationRequest (RFC 2986 §4.2), every octet accounted for. Throws Refusal with the code of what is wrong;
 * `csr.malformed` where it is the encoding. `kind`: of the certificate that it asks for; an SVID's may say the least.
 */
export function parseCsr(der: Uint8Array, kind: CertificateKind = 'svid'): ParsedCsr {
  try {
    checkWellFormed(DerReader.over(der));
    return readRequest(der as Der, kind);
  } catch (cause) {
    if (!(cause instanceof DerError)) throw cause;
    throw new Refusal('csr.malformed', `the CSR is not DER as RFC 2986 has it: ${cause.message}`, {}, { cause });
  }
}

function readRequest(der: Der, kind: CertificateKind): ParsedCsr {
  const outer = DerReader.over(der);
  const request = outer.sequence();
  outer.finish();
  const infoAt = request.position;
  const info = request.sequence();
  const signedPart = der.subarray(infoAt, request.position);
  const algorithm = request.element();
  const signatureOctets = request.bitOctets();
  request.finish();

  if (info.smallInteger() !== 0) info.fail('the version is not 0');
  const subject = readSubject(info, kind);
  const key = readSpki(info.element());
  const signature = readAlgorithm(algorithm, key);
  const attributes = readAttributes(info.enter(contextConstructed(0)), kind);
  info.finish();
  return { der, signedPart, subject, key, attributes, signature, signatureOctets };
}

/** One of ours, parameters included, and of the same family as the key. */
function readAlgorithm(algorithm: Uint8Array, key: PublicKey): SignatureAlgorithm {
  const name = signatureAlgorithmAt(algorithm);
  if (name === undefined) {
    const oid = oidText(DerReader.over(algorithm).sequence().oid());
    throw new Refusal('csr.algorithm', `the CSR is signed with ${oid}, or with parameters that it must not have`, {
      oid,
    });
  }
  if (familyOf(name) !== familyOf(key.kind)) {
    throw new Refusal('csr.algorithm', `a signature by ${name} cannot come from a key of type ${key.kind}`);
  }
  return name;
}

/** `ecdsa-…` and `ec:…` are one family, as are `rsa-…` and `rsa:…`; the others stand for themselves. */
function familyOf(name: string): string {
  if (name.startsWith('ec')) return 'ec';
  return name.startsWith('rsa') ? 'rsa' : name;
}
