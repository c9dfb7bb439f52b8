import type { Certificate } from '../certificate.ts';
import { caFaults, certificateFaults, endEntityFaults } from './certificate-rules.ts';
import type { Crl } from './crl.ts';
import { type Fault, fault } from './fault.ts';
import { nameConstraintFaults } from './name-constraints.ts';
import { revocationFaults } from './revocation.ts';
import { checkSignature } from './signature-check.ts';

const purposeIds = { serverAuth: '1.3.6.1.5.5.7.3.1', clientAuth: '1.3.6.1.5.5.7.3.2' } as const;
const anyPurpose = '2.5.29.37.0';
type Purpose = keyof typeof purposeIds;

export interface PathRules {
  /** Seconds since the epoch; a fraction is cut off, since certificates count whole seconds. */
  readonly now: number;
  /** What the target is for. `issuer`: signing workload certificates, so a CA that hampers neither purpose. */
  readonly purpose?: Purpose | 'issuer';
  readonly crls?: readonly Crl[];
  /** Intermediates between target and anchor, self-issued ones not counted. */
  readonly maxIntermediates?: number;
}

/** RFC 5280 §6.1 for a path whose signatures are checked already: target first, trust anchor last. All faults. */
export function pathFaults(path: readonly Certificate[], rules: PathRules): Fault[] {
  const now = Math.floor(rules.now);
  const [target, ...above] = path;
  if (target === undefined) return [];
  return [
    ...path.flatMap((certificate) => validityFaults(certificate, now)),
    ...path.flatMap((certificate) => certificateFaults(certificate, isSelfSigned(certificate))),
    ...above.flatMap(caFaults),
    ...(target.isCa || rules.purpose === 'issuer' ? caFaults(target) : endEntityFaults(target)),
    ...lengthFaults(path, rules.maxIntermediates),
    ...purposeFaults(path, rules.purpose),
    ...nameConstraintFaults(path),
    ...above.flatMap((issuer, i) => revocationFaults(path[i] ?? target, issuer, rules.crls ?? [], now)),
  ];
}

/** A root that stays is asked of with every path that ends in it; its bytes, and so the answer, never change. */
const knownSelfSigned = new WeakMap<Certificate, boolean>();

function isSelfSigned(certificate: Certificate): boolean {
  if (!certificate.isSelfIssued) return false;
  const known = knownSelfSigned.get(certificate);
  if (known !== undefined) return known;
  const verdict = checkSignature(certificate, certificate.spki) === 'good';
  knownSelfSigned.set(certificate, verdict);
  return verdict;
}

function validityFaults(certificate: Certificate, now: number): Fault[] {
  const { notBefore, notAfter } = certificate;
  if (now < notBefore) return [fault('not-yet-valid', certificate, `it is valid from ${utc(notBefore)} on`)];
  if (now > notAfter) return [fault('expired', certificate, `it was valid until ${utc(notAfter)}`)];
  return [];
}

const utc = (seconds: number) => new Date(seconds * 1000).toISOString().replace('.000', '');

/** §4.2.1.9: how many intermediates that are not self-issued may follow a CA; the target never counts. */
function lengthFaults(path: readonly Certificate[], most: number | undefined): Fault[] {
  const faults: Fault[] = [];
  let intermediates = 0;
  for (const [i, certificate] of path.entries()) {
    if (i === 0) continue;
    const bound = certificate.basicConstraints?.pathLength;
    if (bound !== undefined && intermediates > bound) {
      const sentence = `at most ${bound} intermediates may follow it, and ${intermediates} do`;
      faults.push(fault('path-length', certificate, sentence));
    }
    const isAnchor = i === path.length - 1;
    if (!isAnchor && !certificate.isSelfIssued) intermediates++;
    if (isAnchor && most !== undefined && intermediates > most) {
      faults.push(fault('depth', certificate, `${intermediates} intermediates; at most ${most} are taken`));
    }
  }
  return faults;
}

/** Purposes narrow downwards in most validators, so each certificate that lists any must list the one wanted. */
function purposeFaults(path: readonly Certificate[], purpose: PathRules['purpose']): Fault[] {
  if (purpose === undefined) return [];
  const wanted: Purpose[] = purpose === 'issuer' ? ['serverAuth', 'clientAuth'] : [purpose];
  return path.slice(0, -1).flatMap((certificate) => {
    const listed = certificate.extendedKeyUsage;
    if (listed === undefined || listed.includes(anyPurpose)) return [];
    return wanted
      .filter((each) => !listed.includes(purposeIds[each]))
      .map((each) => fault('purpose', certificate, `its extendedKeyUsage leaves out ${each}`));
  });
}
