import { Refusal } from '#refusal/refusal.ts';
import { VerifiedCsr } from '#x509/csr/verified-csr.ts';
import { Caller } from './caller.ts';
import { firstObjection, type Objection } from './check.ts';
import type { AllowPolicy, CompiledPolicy } from './compile.ts';
import { givenPathLength } from './copied-constraints.ts';
import { floor } from './floor.ts';
import { isLifetime, lifetime } from './lifetime.ts';
import { matchesAll } from './match.ts';
import { mintPermit, type Permit, type PermitTerms, type SvidTerms } from './permit.ts';
import { type Circumstances, type Inquiry, inquire, isNamed, type NamedWish, type Question } from './question.ts';
import type { PolicySet } from './set.ts';

/**
 * Leave to issue, or why not. Pure: the same input and set give the same answer, to the second. Throws Refusal
 * `internal` for a caller or CSR that nobody proved: the types forbid it, and this holds where types were cast away.
 */
export function decide(
  caller: Caller,
  csr: VerifiedCsr,
  circumstances: Circumstances,
  set: PolicySet,
): Permit | Refusal {
  if (!Caller.isProven(caller) || !VerifiedCsr.isVerified(csr)) {
    throw new Refusal('internal', 'a decision was asked for without a proven caller and a verified CSR');
  }
  const terms = evaluate({ ...circumstances, caller: caller.facts, csr }, set);
  return terms instanceof Refusal ? terms : mintPermit(terms);
}

/** The same decision over facts alone: for tests, explanations and replays. Nothing can be issued with its answer. */
export function evaluate(question: Question, set: PolicySet): PermitTerms | Refusal {
  const inquiry = inquire(question);
  const objection = firstObjection(floor, inquiry);
  if (objection !== undefined) return refusal(objection, set);
  for (const policy of set.denies) {
    if (matchesAll(policy.match, inquiry)) return refusal(denied(policy.message), set, policy);
  }
  for (const policy of set.allows) {
    // The first match decides: a narrow policy that fails must not be rescued by a broad one behind it.
    if (matchesAll(policy.match, inquiry)) return grant(policy, inquiry, set);
  }
  return refusal(noMatch, set);
}

export const noMatch: Objection = {
  code: 'policy.no-match',
  sentence: 'no policy is for this request; "countersign policy explain" shows what each one wants',
};

export const denied = (message: string): Objection => ({ code: 'policy.denied', sentence: message });

function grant(policy: AllowPolicy, inquiry: Inquiry, set: PolicySet): PermitTerms | Refusal {
  const objection = expired(policy, inquiry) ?? firstObjection(policy.constraints, inquiry);
  if (objection !== undefined) return refusal(objection, set, policy);
  const granted = lifetime(inquiry, policy.validity);
  if (!isLifetime(granted)) return refusal(granted, set, policy);
  const { wish } = inquiry;
  const common = {
    identity: inquiry.caller.identity,
    spkiSha256: inquiry.csr.key.spkiSha256,
    ...granted,
    issuer: inquiry.issuer.name,
    maxSize: policy.maxSize,
    policy: policy.name,
    priority: policy.priority,
    policySetId: set.id,
    ...(policy.level !== undefined && { level: policy.level }),
    ...(policy.rates !== undefined && { rates: { limits: policy.rates, namespace: inquiry.namespace } }),
  } as const;
  if (isNamed(wish)) return { ...common, ...namedTerms(wish, policy, inquiry) };
  return { ...common, kind: 'svid', keyUsage: keyUsageOf(policy, inquiry.csr.key.kind), extendedKeyUsage: bothEnds };
}

function namedTerms({ kind, keyUsage, extendedKeyUsage }: NamedWish, { pathLength }: AllowPolicy, inquiry: Inquiry) {
  const terms = { kind, csrSha256: inquiry.csr.sha256, keyUsage, extendedKeyUsage };
  // RFC 5280 §4.2.1.9: what signs no certificates has no path length
  const signs = kind === 'ca' && keyUsage.includes('keyCertSign');
  return signs ? { ...terms, pathLength: givenPathLength(inquiry, pathLength) } : terms;
}

/** It was good when it was loaded. A deny policy goes on denying; an allow policy stops the issuing, loudly. */
export function expired(policy: AllowPolicy, { now }: Inquiry): Objection | undefined {
  if (now <= policy.expires) return undefined;
  return { code: 'policy.error', sentence: `policy "${policy.name}" has expired; renew it` };
}

const bothEnds = ['serverAuth', 'clientAuth'] as const;
const signing = ['digitalSignature'] as const;
const signingAndEncipherment = ['digitalSignature', 'keyEncipherment'] as const;

/**
 * RFC 8813 §3: an EC key never enciphers keys; istiod sets the bit anyway, hence the way back. Ed25519 and ML-DSA keys
 * can only sign (RFC 9881 §5).
 */
function keyUsageOf({ keyEncipherment }: AllowPolicy, kind: string): SvidTerms['keyUsage'] {
  if (keyEncipherment === 'never') return signing;
  const enciphers = kind.startsWith('rsa:') || (keyEncipherment === 'always' && kind.startsWith('ec:'));
  return enciphers ? signingAndEncipherment : signing;
}

/** The set, and the policy if one spoke, are part of why: they go into the record. */
function refusal({ code, sentence, detail }: Objection, { id }: PolicySet, policy?: CompiledPolicy): Refusal {
  const by =
    policy === undefined ? { policySetId: id } : { policy: policy.name, priority: policy.priority, policySetId: id };
  return new Refusal(code, sentence, { ...detail, ...by });
}
