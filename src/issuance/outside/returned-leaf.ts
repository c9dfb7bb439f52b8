import type { Certificate } from '#x509/certificate.ts';
import { DerReader, sameBytes } from '#x509/der/reader.ts';
import { purposes } from '#x509/extended-key-usage.ts';
import type { KeyUsageName } from '#x509/key-usage.ts';
import { readName } from '#x509/name.ts';
import { unfit } from './unfit.ts';

/** What a certificate from outside must say, as far as it is not the issuer's own business. */
export interface ReturnedExpectation {
  readonly spki: Uint8Array;
  /** `uri:…`, `dns:…`, `ip:…`: all of the subjectAltName, in any order. */
  readonly names: readonly string[];
  readonly keyUsage: readonly ('digitalSignature' | 'keyEncipherment')[];
  /** That must be there; nothing but serverAuth and clientAuth may be. */
  readonly extendedKeyUsage: readonly ('serverAuth' | 'clientAuth')[];
  /** Whole seconds since the epoch, both inclusive: the certificate's own lie within, but for `clockTolerance`. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** Octets. */
  readonly maxSize: number;
  /** Whether a workload renews it in the middle of its time: that must then lie ahead. */
  readonly renewedHalfway: boolean;
}

/** Seconds that the issuer's clock, and its time to answer, may take its dates beyond those that were permitted. */
export const clockTolerance = 60;
/** As of a leaf of ours: ztunnel would ask again at once, and again. */
const leastToMiddle = 60;
/**
 * X509-SVID §4.3 allows them beside digitalSignature, and common issuers set them on every leaf whatever was asked for:
 * they give the holder of a TLS key nothing that it had not.
 */
const harmless: readonly KeyUsageName[] = ['keyEncipherment', 'keyAgreement'];
/** Of the names that it has instead, and of each of them in characters. */
const mostTold = 8;
const longestTold = 200;
const bothEnds: readonly string[] = [purposes.serverAuth, purposes.clientAuth];

/** Holds a leaf against what was permitted. `now` in seconds. Throws Refusal `profile.lint` that names the field. */
export function demandLeaf(leaf: Certificate, expected: ReturnedExpectation, now: number): void {
  if (leaf.der.length > expected.maxSize) {
    unfit('size', `it has ${leaf.der.length} octets; ${expected.maxSize} are permitted`);
  }
  if (!sameBytes(leaf.spki, expected.spki)) unfit('subjectPublicKeyInfo', 'it is for another key than the request');
  if (leaf.isCa) unfit('basicConstraints', 'it is a CA certificate');
  demandNames(leaf, expected.names);
  demandSubject(leaf, expected.names);
  demandUsages(leaf, expected);
  demandTimes(leaf, expected, now);
}

function demandNames({ names }: Certificate, wanted: readonly string[]): void {
  const found = names.map(({ kind, text }) => `${kind}:${text}`);
  const isExact = found.length === wanted.length && wanted.every((name) => found.includes(name));
  if (isExact && new Set(found).size === found.length) return;
  const told = found.slice(0, mostTold).map((name) => name.slice(0, longestTold));
  unfit('subjectAltName', `it names ${told.join(', ') || 'nothing'} instead of ${wanted.join(', ')}`);
}

/**
 * The subject is the issuer's to fill, but for what old verifiers take for a name of the server or its owner: a common
 * name only where it says what the subjectAltName says too.
 */
function demandSubject({ subject }: Certificate, names: readonly string[]): void {
  for (const { type, value } of readName(DerReader.over(subject)).flat()) {
    if (type === '1.2.840.113549.1.9.1') unfit('subject', 'it has a mail address');
    const isNamed = names.some((name) => name.slice(name.indexOf(':') + 1) === value);
    if (type === '2.5.4.3' && !isNamed) unfit('subject', 'it has a common name that is none of its names');
  }
}

function demandUsages({ keyUsage, extendedKeyUsage }: Certificate, expected: ReturnedExpectation): void {
  if (keyUsage !== undefined) {
    const permitted: readonly KeyUsageName[] = [...expected.keyUsage, ...harmless];
    const beyond = keyUsage.find((use) => !permitted.includes(use));
    if (beyond !== undefined) unfit('keyUsage', `it has ${beyond}, which is not permitted`);
    if (!keyUsage.includes('digitalSignature')) unfit('keyUsage', 'digitalSignature is missing');
  }
  if (extendedKeyUsage === undefined) unfit('extendedKeyUsage', 'it is missing');
  const beyond = extendedKeyUsage.find((purpose) => !bothEnds.includes(purpose));
  if (beyond !== undefined) unfit('extendedKeyUsage', `it has ${beyond}, which is not permitted`);
  const missing = expected.extendedKeyUsage.find((purpose) => !extendedKeyUsage.includes(purposes[purpose]));
  if (missing !== undefined) unfit('extendedKeyUsage', `${missing} is missing`);
}

function demandTimes({ notBefore, notAfter }: Certificate, expected: ReturnedExpectation, now: number): void {
  const early = expected.notBefore - notBefore;
  if (early > clockTolerance) {
    unfit('notBefore', `it begins ${early} s before what is permitted; "backdate" of the policy may be raised`);
  }
  const late = notAfter - expected.notAfter;
  if (late > clockTolerance) unfit('notAfter', `it ends ${late} s after what is permitted`);
  if (notAfter < now) unfit('notAfter', `it ended ${now - notAfter} s ago`);
  if (notBefore > now + clockTolerance) unfit('notBefore', `it begins only in ${notBefore - now} s`);
  if (expected.renewedHalfway && (notBefore + notAfter) / 2 < now + leastToMiddle) {
    unfit('validity', 'its middle, when workloads renew it, is less than a minute ahead; ask for a longer lifetime');
  }
}
