import { questionOf } from '#policy/cases.ts';
import { isNamed, type Question, type SvidWish } from '#policy/question.ts';
import { type PolicySet, policySet } from '#policy/set.ts';

/** 2026-11-21T12:00:00Z, ms. */
export const noon = Date.UTC(2026, 10, 21, 12);

type Given = Parameters<typeof questionOf>[0];

/** An ordinary sidecar's question: `spiffe://cluster.local/ns/shop/sa/web` with a P-256 key. */
export function question(given: Partial<Given> = {}, over: Partial<SvidQuestion> = {}): SvidQuestion {
  const usual = { key: 'ec:P-256', namespace: 'shop', serviceAccount: 'web' };
  const { wish, ...rest } = questionOf({ ...usual, ...given }, noon);
  if (isNamed(wish)) throw new Error('a sidecar asks for its SVID');
  return { ...rest, wish, ...over };
}

export interface SvidQuestion extends Question {
  readonly wish: SvidWish;
}

export interface Draft {
  readonly name?: string;
  readonly spec?: Readonly<Record<string, unknown>>;
}

const usualSpec = {
  priority: 100,
  effect: 'allow',
  key: { allow: ['ec:P-256', 'rsa:2048'] },
  validity: { default: '1h', max: '4h' },
};

/** A policy file as text. YAML holds JSON, so this is one. A key given as undefined is left out. */
export function policyText({ name = 'plain', spec = {} }: Draft = {}): string {
  return JSON.stringify(
    { apiVersion: 'countersign.dev/v1', kind: 'IssuancePolicy', metadata: { name }, spec: { ...usualSpec, ...spec } },
    undefined,
    1,
  );
}

/** A deny policy's spec: what the usual one has beyond it is taken away. */
export const deny = (spec: Readonly<Record<string, unknown>>) => ({
  effect: 'deny',
  key: undefined,
  validity: undefined,
  ...spec,
});

export function setOf(...drafts: Draft[]): PolicySet {
  const sources = drafts.map((draft, index) => ({
    file: `${draft.name ?? `p${index}`}.yaml`,
    text: policyText(draft),
  }));
  return policySet(sources, noon);
}
