import { describe, expect, it } from 'vitest';
import { evaluate } from '#policy/decide.ts';
import type { Question } from '#policy/question.ts';
import type { PolicySet } from '#policy/set.ts';
import { Refusal } from '#refusal/refusal.ts';
import { deny, question, setOf } from './sidecar.ts';

const codeOf = (asked: Question, set: PolicySet) => {
  const answer = evaluate(asked, set);
  return answer instanceof Refusal ? answer.code : `by ${answer.policy}`;
};

describe('which policy decides', () => {
  const narrow = {
    name: 'narrow',
    spec: { priority: 200, match: { namespaces: ['shop'] }, key: { allow: ['ec:P-384'] } },
  };
  const broad = { name: 'broad', spec: { priority: 10 } };

  it('P-40: the first match decides: a narrow policy that fails is not rescued by a broad one', () => {
    expect(codeOf(question(), setOf(broad, narrow))).toBe('key.not-allowed');
    expect(codeOf(question({ namespace: 'other' }), setOf(broad, narrow))).toBe('by broad');
  });

  it('P-40: no match is a refusal', () => {
    expect(codeOf(question({ namespace: 'other' }), setOf(narrow))).toBe('policy.no-match');
  });

  it('asks every deny policy before any allow policy, whatever its priority', () => {
    const no = {
      name: 'no',
      spec: deny({ priority: 1, match: { namespaces: ['shop'] }, message: 'the shop is closed' }),
    };
    expect(codeOf(question(), setOf(broad, narrow, no))).toBe('policy.denied');
    expect(codeOf(question({ namespace: 'other' }), setOf(broad, narrow, no))).toBe('by broad');
  });

  it('does not ask a policy that is off', () => {
    const off = { name: 'off', spec: deny({ priority: 1, mode: 'off' }) };
    expect(codeOf(question(), setOf(broad, off))).toBe('by broad');
  });
});
