import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CeremonyFact } from '#ceremony/ports.ts';
import { type CeremonyOutcome, runCeremony } from '#ceremony/run.ts';
import { durableShelf } from '#keys/durable-shelf.ts';
import { type TestToken, testToken } from '#test/keys/softhsm.ts';
import { describeWith } from '#test/oracles.ts';
import { openStores, systemClock, systemEntropy, testPlan } from './setting.ts';

describeWith(['softhsm'], 'the ceremony that ships, in SoftHSM', () => {
  const held: { token?: TestToken; outcome?: CeremonyOutcome } = {};
  const facts: CeremonyFact[] = [];
  const home = () => held.token?.directory ?? '';

  async function run(): Promise<CeremonyOutcome> {
    const plan = testPlan(home());
    return runCeremony(plan, {
      stores: await openStores(plan),
      shelf: durableShelf,
      clock: systemClock,
      entropy: systemEntropy,
      record: async (fact) => void facts.push(fact),
    });
  }

  beforeAll(async () => {
    held.token = await testToken();
    held.outcome = await run();
  });
  afterAll(() => held.token?.remove());

  const certificate = (name: string) => new X509Certificate(readFileSync(join(home(), 'ca', `${name}.pem`)));

  it('makes a root that signs itself and an intermediate that the root signs', () => {
    const [root, mesh] = [certificate('quickstart-root'), certificate('quickstart-mesh')];
    expect(root.verify(root.publicKey)).toBe(true);
    expect(mesh.verify(root.publicKey)).toBe(true);
    expect(mesh.checkIssued(root)).toBe(true);
    expect(mesh.subjectAltName).toBe('URI:spiffe://cluster.local');
    expect(mesh.subject).toBe('O=Countersign\nCN=Quickstart mesh CA');
  });

  it('finds everything in place the second time and changes no file', async () => {
    const names = ['quickstart-root.pem', 'quickstart-mesh.pem', 'roots.pem', 'ceremony.journal', 'transcript.txt'];
    const contents = () => names.map((name) => readFileSync(join(home(), 'ca', name), 'utf8'));
    const before = contents();
    const count = facts.length;
    const again = await run();
    expect(again.unchanged).toBe(true);
    expect(contents()).toEqual(before);
    expect(facts).toHaveLength(count);
  });

  it('tells the log of each step before and after it', () => {
    expect(facts.map(({ type }) => type)).toEqual([
      'ceremony.step',
      'ceremony.step',
      'key.generated',
      'ceremony.step',
      'ceremony.step',
      'ceremony.step',
      'key.generated',
      'ceremony.step',
      'ceremony.step',
    ]);
  });
});
