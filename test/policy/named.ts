import { questionOf } from '#policy/cases.ts';
import { evaluate } from '#policy/decide.ts';
import { isNamed, type NamedWish, type Question } from '#policy/question.ts';
import type { PolicySet } from '#policy/set.ts';
import { Refusal } from '#refusal/refusal.ts';
import { noon, setOf } from './sidecar.ts';

type Given = Parameters<typeof questionOf>[0];

export interface NamedQuestion extends Question {
  readonly wish: NamedWish;
}

/** What cert-manager asks for a Certificate of namespace shop: an end entity on a P-256 key, without any name. */
export function named(given: Partial<Given> = {}): NamedQuestion {
  const usual = { key: 'ec:P-256', door: 'cert-manager', authenticator: 'kubernetes-object' } as const;
  const asker = { namespace: 'shop', serviceAccount: 'cert-manager', kind: 'end-entity' } as const;
  const { wish, ...rest } = questionOf({ ...usual, ...asker, ...given }, noon);
  if (!isNamed(wish)) throw new Error('an SVID names its caller');
  return { ...rest, wish };
}

export const withCsr = (asked: NamedQuestion, over: Partial<Question['csr']>): NamedQuestion => ({
  ...asked,
  csr: { ...asked.csr, ...over },
});

export const wishing = (asked: NamedQuestion, over: Partial<NamedWish>): NamedQuestion => ({
  ...asked,
  wish: { ...asked.wish, ...over },
});

type Spec = Readonly<Record<string, unknown>>;

/** One policy for end entities, or for what `match` says: lifetimes as public certificates have them. */
export const under = (spec: Spec, match: Spec = { kinds: ['end-entity'] }): PolicySet =>
  setOf({ spec: { validity: { default: '2160h', max: '2160h', min: '1h' }, ...spec, match } });

/** `allowed`, or the code of the refusal. */
export function verdict(asked: Question, set: PolicySet): string {
  const answer = evaluate(asked, set);
  return answer instanceof Refusal ? answer.code : 'allowed';
}
