import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate } from '#policy/decide.ts';
import { explain } from '#policy/explain.ts';
import { Refusal } from '#refusal/refusal.ts';
import { deny, question, setOf } from './sidecar.ts';

const set = setOf(
  { name: 'closed', spec: deny({ priority: 1, match: { clusters: ['lost'] }, message: 'that cluster is gone' }) },
  { name: 'payments', spec: { priority: 20, match: { namespaces: ['pay*'] }, key: { allow: ['ec:P-384'] } } },
  { name: 'all', spec: { priority: 10, match: { namespaces: ['shop', 'pay'] } } },
);

const lines = (given: Parameters<typeof question>[0]) =>
  explain(question(given), set).steps.map(({ stage, policy = '', check, ok }) => `${stage} ${policy} ${check} ${ok}`);

describe('an explanation', () => {
  it('lists what was looked at, in order, to the permit', () => {
    expect(lines({})).toEqual([
      'floor  identity true',
      'floor  trust domain true',
      'floor  acts for itself true',
      'floor  key is sound true',
      'floor  proof of possession true',
      'floor  no CA powers true',
      'floor  names in the CSR true',
      'floor  issuer is valid true',
      'deny closed deny true',
      'match payments match true',
      'match all match true',
      'constraint all key type true',
      'constraint all challenge password true',
      'constraint all CSR attributes true',
      'constraint all signature hash true',
      'lifetime all lifetime true',
    ]);
  });

  it('says why a policy is for somebody else', () => {
    const step = explain(question(), set).steps.find(({ policy }) => policy === 'payments');
    expect(step?.detail).toBe('not for this request: namespace is shop, it wants pay*');
  });

  it('ends at what refused', () => {
    expect(lines({ key: 'rsa:1024' }).at(-1)).toBe('floor  key is sound false');
    expect(lines({ cluster: 'lost' }).at(-1)).toBe('deny closed deny false');
    expect(lines({ namespace: 'pay' }).at(-1)).toBe('constraint payments key type false');
    expect(lines({ ttl: '9h' }).at(-1)).toBe('lifetime all lifetime false');
    expect(lines({ namespace: 'else' }).at(-1)).toBe('match  match false');
  });

  it('always tells the same as the decision', () => {
    const given = fc.record({
      key: fc.constantFrom('ec:P-256', 'ec:P-384', 'rsa:1024', 'rsa:2048'),
      namespace: fc.constantFrom('shop', 'pay', 'payments', 'else'),
      cluster: fc.constantFrom('prod', 'lost'),
      ttl: fc.constantFrom('0s', '1m', '1h', '9h'),
      dialect: fc.constantFrom('istiod', 'istio-csr'),
      dns: fc.constantFrom<string[][]>([], ['a.b']),
    });
    fc.assert(
      fc.property(given, (facts) => {
        const asked = question(facts);
        const decision = evaluate(asked, set);
        const { answer, steps } = explain(asked, set);
        const failing = steps.filter(({ ok }) => !ok);
        if (!(decision instanceof Refusal)) {
          expect(answer).toEqual(decision);
          expect(failing).toEqual([]);
          return;
        }
        expect(answer).toMatchObject({ code: decision.code });
        expect(failing).toEqual([steps.at(-1)]);
        expect(failing[0]?.detail).toBe(decision.message);
      }),
      { numRuns: 300 },
    );
  });
});
