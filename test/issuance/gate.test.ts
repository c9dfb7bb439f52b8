import { describe, expect, it } from 'vitest';
import { FairGate } from '#issuance/fairness/gate.ts';
import type { Clock } from '#issuance/ports.ts';
import { Refusal } from '#refusal/refusal.ts';
import { deny, setOf } from '#test/policy/sidecar.ts';
import { generous } from './fairness/limits.ts';
import { codeOf, Rig, type RigOptions } from './rig.ts';

/** One, and one more because the pod has had none of this period's ration. */
const two = { serviceAccount: { perSecond: 0.01, burst: 1 } };

/** A rig whose gate is at hand. */
function rigWith(limits: Partial<typeof generous>, options: RigOptions = {}): { rig: Rig; held: () => number } {
  let gate: FairGate | undefined;
  const made = (clock: Clock) => {
    gate = new FairGate({ ...generous, keptForRenewals: 0, ...limits }, clock);
    return gate;
  };
  const rig = Rig.of({ ...options, gate: made });
  return { rig, held: () => gate?.held ?? Number.NaN };
}

describe('the gate in the sequence', () => {
  it('stands behind the proof and before the CSR is looked at', async () => {
    const seen: string[] = [];
    const { rig } = rigWith(two, { during: (stage) => seen.push(stage) });
    for (const code of ['issued', 'issued', 'rate.exceeded']) expect(codeOf(await rig.ask())).toBe(code);
    const before = seen.length;
    expect(codeOf(await rig.ask(rig.request({ csr: 'rubbish' })))).toBe('rate.exceeded');
    expect(seen).toHaveLength(before);
    expect(rig.outcomes.at(-1)?.stageMs.slice(1)).toEqual(new Float64Array(5).fill(-1));
  });

  it('has its refusals on the record, with who was refused', async () => {
    const { rig } = rigWith(two);
    for (let at = 0; at < 3; at++) await rig.ask();
    expect(rig.ends).toEqual(['certificate.issued', 'certificate.issued', 'certificate.denied rate.exceeded']);
    expect(rig.log.records[2]).toMatchObject({ caller: { namespace: 'demo', serviceAccount: 'web' } });
  });

  it('holds nobody for those whom nobody knows', async () => {
    const failing = async () => {
      throw new Refusal('authn.failed', 'the token has expired');
    };
    const { rig, held } = rigWith(two, { authenticate: failing });
    for (let at = 0; at < 3; at++) expect(codeOf(await rig.ask())).toBe('authn.failed');
    expect(held()).toBe(0);
  });

  const refusals: readonly (readonly [string, RigOptions, string])[] = [
    ['is issued', {}, 'issued'],
    ['is denied by policy', { policies: setOf({ spec: deny({}) }) }, 'policy.denied'],
    [
      'fails in the signer',
      {
        signer: (real) => ({
          algorithm: real.algorithm,
          spki: real.spki,
          close: () => real.close(),
          sign: () => Promise.reject(new Refusal('signer.unavailable', 'away')),
        }),
      },
      'signer.unavailable',
    ],
  ];

  it.each(refusals)('its place is free again after a request that %s', async (_, options, code) => {
    const { rig, held } = rigWith({}, options);
    expect(codeOf(await rig.ask())).toBe(code);
    expect(held()).toBe(0);
  });

  it('keeps a place taken while work goes on that its client no longer waits for', async () => {
    const signing = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const { rig, held } = rigWith(
      {},
      {
        signer: (real) => ({
          algorithm: real.algorithm,
          spki: real.spki,
          close: () => real.close(),
          async sign(tbs) {
            begun.resolve();
            await signing.promise;
            return real.sign(tbs);
          },
        }),
      },
    );
    const abort = new AbortController();
    const asked = rig.ask(rig.request(), abort.signal);
    await begun.promise;
    abort.abort();
    expect(codeOf(await asked)).toBe('cancelled');
    expect(held()).toBe(1);
    signing.resolve();
    await expect.poll(held).toBe(0);
  });
});
