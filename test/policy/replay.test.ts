import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonical } from '#policy/canonical.ts';
import { evaluate } from '#policy/decide.ts';
import type { Question } from '#policy/question.ts';
import { policySet } from '#policy/set.ts';
import { Refusal } from '#refusal/refusal.ts';
import { deny, noon, policyText, question } from './sidecar.ts';

const files = [
  { file: 'a.yaml', text: policyText({ name: 'a', spec: { match: { namespaces: ['pay*'] }, priority: 9 } }) },
  {
    file: 'b.yaml',
    text: policyText({
      name: 'b',
      spec: {
        validity: { default: '1h', max: '4h', above: 'clamp', jitter: '30m' },
        sans: { uri: { mode: 'optional' } },
      },
    }),
  },
  { file: 'c.yaml', text: policyText({ name: 'c', spec: deny({ priority: 1, match: { clusters: ['lost'] } }) }) },
];

/** A question of some moment of a day, as varied as a mesh. */
const anyQuestion = fc
  .record({
    key: fc.constantFrom('ec:P-256', 'ec:P-384', 'rsa:2048', 'rsa:1024'),
    namespace: fc.constantFrom('shop', 'pay', 'payments'),
    cluster: fc.constantFrom('prod', 'lost'),
    dialect: fc.constantFrom('istiod', 'istio-csr'),
    uris: fc.constantFrom<string[][]>([], [], ['spiffe://cluster.local/ns/shop/sa/bank']),
    ttl: fc.bigInt(-5n, 40_000n),
    at: fc.integer({ min: 0, max: 86_399_999 }),
    serial: fc.uint8Array({ minLength: 20, maxLength: 20 }),
  })
  .map(({ key, namespace, cluster, dialect, uris, ttl, at, serial }): Question => {
    const asked = question({ key, namespace, cluster, dialect, uris });
    return { ...asked, wish: { ...asked.wish, ttl }, now: noon + at, serial };
  });

/** A question written to a record and read back: what a replay has in hand. */
function recorded(asked: Question): Question {
  const text = JSON.stringify({ ...asked, wish: undefined, serial: Buffer.from(asked.serial).toString('hex') });
  const read: Omit<Question, 'wish' | 'serial'> & { serial: string } = JSON.parse(text);
  const wish = { ...asked.wish, ttl: BigInt(String(asked.wish.ttl)) };
  return { ...read, wish, serial: Buffer.from(read.serial, 'hex') };
}

const answer = (asked: Question, set: ReturnType<typeof policySet>) => {
  const given = evaluate(asked, set);
  return canonical(given instanceof Refusal ? { code: given.code, detail: given.detail } : given);
};

describe('a replay', () => {
  it('P-45: of a recorded day under the same set flips nothing, jitter included', () => {
    const set = policySet(files, noon);
    const loadedAnew = policySet(files.toReversed(), noon + 86_400_000);
    expect(loadedAnew.id).toBe(set.id);
    const answers = new Set<string>();
    fc.assert(
      fc.property(anyQuestion, (asked) => {
        const first = answer(asked, set);
        answers.add(first);
        expect(answer(recorded(asked), loadedAnew)).toBe(first);
      }),
      { numRuns: 1000 },
    );
    expect(answers.size).toBeGreaterThan(20);
  });

  it('P-45: leaves its input and its set as they were', () => {
    const set = policySet(files, noon);
    const frozen = (value: unknown): void => {
      if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return;
      Object.freeze(value);
      Object.values(value).forEach(frozen);
    };
    fc.assert(
      fc.property(anyQuestion, (asked) => {
        frozen(asked);
        const before = Buffer.from(asked.serial).toString('hex');
        expect(answer(asked, set)).toBe(answer(asked, set));
        expect(Buffer.from(asked.serial).toString('hex')).toBe(before);
      }),
    );
  });
});
