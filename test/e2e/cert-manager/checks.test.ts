import { beforeAll, describe, expect, it } from 'vitest';
import { describeWith } from '#test/oracles.ts';
import { ByHand } from './by-hand.ts';
import { signedChecks } from './checks/signed.ts';
import { storedChecks } from './checks/stored.ts';
import { complaintsOf, Evidence } from './evidence.ts';
import { checksFor } from './suite.ts';
import { wrong } from './wrong.ts';

describeWith(['openssl', 'go:certcheck'], 'a check of the conformance suite', (path) => {
  const checks = checksFor({ title: '' }, path, [...storedChecks, ...signedChecks]);
  let hand: ByHand;
  beforeAll(async () => {
    hand = await ByHand.create();
  });

  it('has nothing against a certificate that is good', async () => {
    expect(await complaintsOf(checks, new Evidence(await hand.facts()))).toEqual([]);
  });

  it('can fail, whichever it is', () => {
    expect(checks.map(({ name }) => name)).toEqual(Object.keys(wrong));
  });

  describe.each(checks.map((check) => [check.name, check] as const))('“%s”', (name, check) => {
    it.each(Object.entries(wrong[name] ?? {}))('sees what is wrong: %s', async (_, make) => {
      expect(await complaintsOf([check], new Evidence(await make(hand)))).toHaveLength(1);
    });
  });
});
