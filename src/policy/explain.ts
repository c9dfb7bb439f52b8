import { formatDuration } from '#document/scalars.ts';
import { Refusal } from '#refusal/refusal.ts';
import type { Check } from './check.ts';
import type { AllowPolicy, CompiledPolicy } from './compile.ts';
import { denied, evaluate, expired, noMatch } from './decide.ts';
import { floor } from './floor.ts';
import type { PermitTerms } from './permit.ts';
import { type Inquiry, inquire, type Question } from './question.ts';
import type { PolicySet } from './set.ts';

/** One thing that was looked at, in the order in which it was. */
export interface Step {
  readonly stage: 'floor' | 'deny' | 'match' | 'constraint' | 'lifetime';
  /** The policy that looked; absent for the floor. */
  readonly policy?: string;
  readonly check: string;
  readonly ok: boolean;
  readonly detail: string;
}

export interface Explanation {
  /** What would be granted, or the refusal. */
  readonly answer: PermitTerms | Refusal;
  readonly steps: readonly Step[];
}

/** The decision on a question and everything that led to it, up to the thing that ended it. */
export function explain(question: Question, set: PolicySet): Explanation {
  const inquiry = inquire(question);
  const answer = evaluate(question, set);
  return { answer, steps: stepsOf(inquiry, set, answer) };
}

function stepsOf(inquiry: Inquiry, set: PolicySet, answer: PermitTerms | Refusal): readonly Step[] {
  const steps = checked('floor', floor, inquiry);
  if (steps.at(-1)?.ok === false) return steps;

  for (const policy of set.denies) {
    const [missed] = unmatched(policy, inquiry);
    const detail = missed === undefined ? denied(policy.message).sentence : `does not apply: ${missed}`;
    steps.push({ stage: 'deny', policy: policy.name, check: 'deny', ok: missed !== undefined, detail });
    if (missed === undefined) return steps;
  }
  for (const policy of set.allows) {
    const missed = unmatched(policy, inquiry);
    const matches = missed.length === 0;
    const detail = matches ? 'it is for this request, and decides' : `not for this request: ${missed.join('; ')}`;
    // That a policy is for somebody else is no failure: the next one is asked.
    steps.push({ stage: 'match', policy: policy.name, check: 'match', ok: true, detail });
    if (matches) return [...steps, ...constrained(policy, inquiry, answer)];
  }
  return [...steps, { stage: 'match', check: 'match', ok: false, detail: noMatch.sentence }];
}

function constrained(policy: AllowPolicy, inquiry: Inquiry, answer: PermitTerms | Refusal): Step[] {
  const gone = expired(policy, inquiry);
  if (gone !== undefined) {
    return [{ stage: 'constraint', policy: policy.name, check: 'expiry', ok: false, detail: gone.sentence }];
  }
  const steps = checked('constraint', policy.constraints, inquiry, policy.name);
  if (steps.at(-1)?.ok === false) return steps;
  const place = { stage: 'lifetime', policy: policy.name, check: 'lifetime' } as const;
  if (answer instanceof Refusal) return [...steps, { ...place, ok: false, detail: answer.message }];
  return [...steps, { ...place, ok: true, detail: lifetimeFound(answer) }];
}

/** Every check up to and with the first that does not hold. */
function checked(stage: Step['stage'], checks: readonly Check[], inquiry: Inquiry, policy?: string): Step[] {
  const steps: Step[] = [];
  for (const check of checks) {
    const objection = check.objection(inquiry);
    const ok = objection === undefined;
    const detail = objection?.sentence ?? check.found(inquiry);
    steps.push({ stage, ...(policy !== undefined && { policy }), check: check.name, ok, detail });
    if (!ok) break;
  }
  return steps;
}

const unmatched = (policy: CompiledPolicy, inquiry: Inquiry) =>
  policy.match
    .filter((test) => !test.holds(inquiry))
    .map((test) => `${test.name} is ${test.found(inquiry)}, it wants ${test.wanted}`);

function lifetimeFound({ ttl, notAfter, clamped }: PermitTerms): string {
  const until = `until ${new Date(notAfter * 1000).toISOString()}`;
  const was = clamped === undefined ? '' : `, ${clamped.from} s were asked for`;
  return `${formatDuration(ttl)}, ${until}${was}`;
}
