import { generateKeyPairSync } from 'node:crypto';
import { expect, it } from 'vitest';
import { cosigner } from '#audit/cosignature.ts';
import { parseConfig } from '#config/load.ts';
import { minimal } from './minimal.ts';

const [one, two] = ['w1.example', 'w2.example'].map((name) =>
  ['ed25519' as const, 'ml-dsa-44' as const].map(
    (kind) =>
      cosigner(name, (kind === 'ed25519' ? generateKeyPairSync(kind) : generateKeyPairSync(kind)).privateKey).vkey,
  ),
);
const [a = '', pq = ''] = one ?? [];
const [b = ''] = two ?? [];
const witnesses = (text: string) => parseConfig(`${minimal}  witnesses: ${text}\n`, '/server.yaml').config.audit;

it('witnesses are asked by a list or by a policy; all of a list unless told', () => {
  const url = 'https://w.example/';
  expect(
    witnesses(`{ ask: [{ url: "${url}", vkeys: [${a}, ${pq}] }, { url: "${url}", vkeys: [${b}] }] }`),
  ).toMatchObject({
    witnesses: {
      who: { kind: 'list', ask: [{ url, vkeys: [a, pq] }, { vkeys: [b] }], quorum: 2 },
      ...{ timeoutMs: 2_000, without: 'continue' },
    },
  });
  expect(witnesses('{ policy: p, stopAfter: 1h, without: withhold, ca: ca.pem }').witnesses).toEqual({
    who: { kind: 'policy', file: '/p' },
    ...{ timeoutMs: 2_000, without: 'withhold', stopAfterMs: 3_600_000, ca: '/ca.pem' },
  });
});

const asked = (vkeys: string, url = 'http://w.example') => `{ url: "${url}", vkeys: [${vkeys}] }`;
it.each([
  ['neither', '{}', 'exactly one of ask, policy'],
  ['both', `{ policy: p, ask: [${asked(a)}] }`, 'exactly one of ask, policy'],
  ['a quorum of its own beside a policy', '{ policy: p, quorum: 1 }', 'audit.witnesses.quorum: the policy says'],
  ['more than there are', `{ ask: [${asked(a)}], quorum: 2 }`, 'audit.witnesses.quorum: 2 of 1'],
  ['a wait without end', '{ policy: p, timeout: 1m }', 'audit.witnesses.timeout'],
  ['a bound that is none', '{ policy: p, stopAfter: 1s }', 'audit.witnesses.stopAfter'],
  ['a URL with a password', `{ ask: [${asked(a, 'https://u:p@w/')}] }`, 'audit.witnesses.ask[0].url'],
  ['a key that is none', `{ ask: [${asked('nothing')}] }`, 'audit.witnesses.ask[0].vkeys[0]: verifier key'],
  ['a witness twice', `{ ask: [${asked(a)}, ${asked(pq)}] }`, 'ask[1].vkeys[0]: w1.example is asked already'],
  ['two witnesses as one', `{ ask: [${asked(`${a}, ${b}`)}] }`, 'ask[0].vkeys[1]: keys of one witness have one name'],
])('refused with %s', (_, text, problem) => {
  expect(() => witnesses(text)).toThrow(problem);
});
