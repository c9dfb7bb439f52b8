import type { ApprovedFacts } from '#issuance/request.ts';
import type { KubernetesObject } from '#kubernetes/api.ts';
import { Refusal } from '#refusal/refusal.ts';
import { rfc3339 } from './conditions.ts';
import type { Approving, Verdict, Word } from './request-kind.ts';
import type { SigningRequest } from './signing-request.ts';

/** An approved request that nobody answered is never collected: whoever asked has long gone (kubernetes.md §2.6), ms. */
const longestWaitMs = 24 * 3_600_000;

/** For good: of what nobody has approved that it is denied, of the rest that it failed. */
export function refusedFor(request: SigningRequest, reason: string, message: string, now: number): Word {
  return request.isApproved
    ? said(request, { type: 'Failed', reason, message }, now)
    : { ...said(request, { type: 'Denied', reason, message }, now), subresource: 'approval' };
}

export const approving: Approving<SigningRequest> = {
  awaits: ({ isApproved }) => !isApproved,
  approved: (request, facts, now) => {
    const condition = { type: 'Approved', reason: 'PolicyApproved', message: permittedBy(facts) };
    return { ...said(request, condition, now), subresource: 'approval' };
  },
};

/** Istiod's own table of reasons is empty: these are for whoever looks at the object. */
export function reasonOf(code: string): string {
  if (code.startsWith('authn.')) return 'NotPermitted';
  if (code.startsWith('csr.') || code.startsWith('request.')) return 'InvalidRequest';
  return code.startsWith('key.') ? 'UnsupportedKey' : 'PolicyDenied';
}

/** Where nobody waits any more. What was never approved is the cluster's to collect, and anybody's to approve. */
export function tooOld(request: SigningRequest, now: number): Verdict | undefined {
  if (now - request.createdAt <= longestWaitMs) return undefined;
  if (!request.isApproved) return { waits: undefined };
  const why = 'the request is older than a day: nobody waits for it any more';
  return { refusal: new Refusal('deadline', why), word: refusedFor(request, 'Expired', why, now) };
}

const permittedBy = ({ policy, priority, policySetId }: ApprovedFacts) =>
  `policy "${policy}" permits it (priority ${priority}, policy set ${policySetId.slice(0, 16)}), and decides again when it is signed`;

/** A condition without times is never collected. */
function said({ conditions }: SigningRequest, condition: KubernetesObject, now: number): Word {
  const time = rfc3339(now);
  const whole = { status: 'True', ...condition, lastUpdateTime: time, lastTransitionTime: time };
  return { status: { conditions: [...conditions, whole] } };
}
