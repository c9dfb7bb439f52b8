import type { Certificate } from '../certificate.ts';
import { sameBytes } from '../der/reader.ts';
import { type Fault, fault } from './fault.ts';
import { type PathRules, pathFaults } from './path-rules.ts';
import { checkSignature } from './signature-check.ts';

export interface ChainQuestion extends PathRules {
  /** The certificate in question: an intermediate to be imported, or a leaf. */
  readonly target: Certificate;
  /** What came with it, in any order; not trusted. */
  readonly intermediates: readonly Certificate[];
  /** What is trusted. Each is held to the same rules as any CA certificate. */
  readonly roots: readonly Certificate[];
}

export type ChainVerdict =
  | { readonly good: true; readonly path: readonly Certificate[] }
  | { readonly good: false; readonly faults: readonly Fault[] };

/** Signatures verified per question, and certificates per path: bounds on what a hostile bundle can cost. */
const maxSignatures = 64;
const maxPath = 12;

interface Search {
  readonly question: ChainQuestion;
  signaturesLeft: number;
  /** Of the attempts that failed, the one that came furthest. */
  furthest: { readonly reach: number; readonly faults: readonly Fault[] };
}

/**
 * Looks for a path from `target` over `intermediates` to one of `roots` that holds by RFC 5280 §6 and by what
 * §4 asks of each certificate. Good: that path, target first, root last. Otherwise the faults of the attempt that
 * came furthest. Names are compared octet by octet.
 */
export function checkChain(question: ChainQuestion): ChainVerdict {
  const search: Search = { question, signaturesLeft: maxSignatures, furthest: { reach: -1, faults: [] } };
  const path = extend(search, [question.target]);
  return path === undefined ? { good: false, faults: search.furthest.faults } : { good: true, path };
}

function extend(search: Search, path: readonly Certificate[]): readonly Certificate[] | undefined {
  const { question } = search;
  const last = path.at(-1);
  if (last === undefined) return undefined;
  if (path.length >= maxPath)
    return failed(search, path.length, [fault('too-complex', last, 'the path grows too long')]);
  let found = false;
  for (const root of candidates(question.roots, last)) {
    found = true;
    if (!signs(search, root, last, path.length)) continue;
    const whole = [...path, root];
    const faults = pathFaults(whole, question);
    if (faults.length === 0) return whole;
    failed(search, maxPath + whole.length, faults);
  }
  for (const issuer of candidates(question.intermediates, last)) {
    if (path.some((used) => sameBytes(used.der, issuer.der)) || isRoot(question, issuer)) continue;
    found = true;
    if (!signs(search, issuer, last, path.length)) continue;
    const whole = extend(search, [...path, issuer]);
    if (whole !== undefined) return whole;
  }
  if (found) return undefined;
  return failed(search, path.length, [
    fault('no-issuer', last, `no certificate of its issuer is at hand: ${last.issuerText || 'an empty name'}`),
  ]);
}

/** Those whose subject is the issuer's name; the ones whose key identifier fits first. */
function candidates(pool: readonly Certificate[], child: Certificate): Certificate[] {
  const wanted = child.authorityKeyId?.keyId;
  const fits = ({ subjectKeyId }: Certificate) =>
    wanted !== undefined && subjectKeyId !== undefined && sameBytes(wanted, subjectKeyId);
  const named = pool.filter(({ subject }) => sameBytes(subject, child.issuer));
  return [...named.filter(fits), ...named.filter((each) => !fits(each))];
}

const isRoot = (question: ChainQuestion, certificate: Certificate) =>
  question.roots.some((root) => sameBytes(root.der, certificate.der));

function signs(search: Search, issuer: Certificate, child: Certificate, reach: number): boolean {
  if (search.signaturesLeft-- <= 0) {
    failed(search, Number.MAX_SAFE_INTEGER, [
      fault('too-complex', child, `more than ${maxSignatures} signatures to check`),
    ]);
    return false;
  }
  const verdict = checkSignature(child, issuer.spki);
  if (verdict === 'good') return true;
  failed(search, reach, [fault(verdict, verdict === 'key' ? issuer : child, sentences[verdict])]);
  return false;
}

const sentences = {
  'bad-signature': 'its signature is not by the key of its issuer',
  algorithm: 'its signature algorithm is none that is taken, or not one of the issuer key',
  key: 'its public key is in no form that is taken',
} as const;

function failed(search: Search, reach: number, faults: readonly Fault[]): undefined {
  if (reach > search.furthest.reach) search.furthest = { reach, faults };
  return undefined;
}
