import { describe, expect, it } from 'vitest';
import { FairGate } from '#issuance/fairness/gate.ts';
import type { Clock, Signer } from '#issuance/ports.ts';
import { Approved } from '#issuance/request.ts';
import { asRefusal, Refusal, type RefusalCode } from '#refusal/refusal.ts';
import { deny, setOf } from '#test/policy/sidecar.ts';
import { generous } from './fairness/limits.ts';
import { codeOf, Rig, type RigOptions } from './rig.ts';

const never = new AbortController().signal;

/** One whose key is never to be asked. */
const silent = (real: Signer): Signer => ({
  algorithm: real.algorithm,
  spki: real.spki,
  close: () => real.close(),
  sign: () => Promise.reject(new Error('signed')),
});

/** `approved`, or the code of the refusal. */
async function approvalOf(rig: Rig, request = rig.request(), signal = never): Promise<string> {
  return rig.sequence.approve(request, signal).then(
    () => 'approved',
    (thrown: unknown) => asRefusal(thrown).code,
  );
}

describe('an approval', () => {
  it('is what policy says of the same request, on the record, and nothing is made', async () => {
    const rig = Rig.of({ signer: silent });
    const request = rig.request();
    const approved = await rig.sequence.approve(request, never);
    expect(Approved.isRecorded(approved)).toBe(true);
    expect(approved.facts).toEqual({ policy: 'plain', priority: 100, policySetId: rig.policies.id });
    expect(rig.log.records).toMatchObject([
      {
        type: 'request.approved',
        outcome: 'success',
        request: { id: request.id },
        caller: { namespace: 'demo' },
        decision: { policy: 'plain', policySetId: rig.policies.id },
      },
    ]);
    expect(rig.log.records[0]).not.toHaveProperty('certificate');
    // whoever counts certificates hears of none
    expect(rig.outcomes).toEqual([]);
  });

  const refusals: readonly (readonly [string, RigOptions, Partial<Parameters<Rig['request']>[0]>, RefusalCode])[] = [
    ['nobody proved', { authenticate: async () => undefined }, {}, 'authn.failed'],
    ['no CSR', {}, { csr: 'rubbish' }, 'csr.pem'],
    ['a policy denies', { policies: setOf({ spec: deny({}) }) }, {}, 'policy.denied'],
    ['no policy speaks of', { policies: setOf({ spec: { match: { doors: ['admin'] } } }) }, {}, 'policy.no-match'],
    ['no issuer has', {}, { wish: { signer: 'other' } }, 'issuer.unknown'],
  ];
  it.each(refusals)(
    'of what %s is the refusal that an issuance would be, once on the record',
    async (_, options, over, code) => {
      const rig = Rig.of(options);
      expect(await approvalOf(rig, rig.request(over))).toBe(code);
      expect(rig.ends).toEqual([`certificate.denied ${code}`]);
      expect(rig.outcomes.map(({ refusal }) => refusal?.code)).toEqual([code]);
      expect(codeOf(await rig.ask(rig.request(over)))).toBe(code);
    },
  );

  it('is not put on the record again while it is the same, and is by other policies', async () => {
    const rig = Rig.of();
    const request = rig.request();
    const known = await rig.sequence.approve(request, never);
    expect(await rig.sequence.approve(request, never, known)).toBe(known);
    expect(rig.ends).toEqual(['request.approved']);
    const other = Rig.of({ policies: setOf({ name: 'other' }) });
    const again = await other.sequence.approve(request, never, known);
    expect([again.facts.policy, other.ends]).toEqual(['other', ['request.approved']]);
    const denying = Rig.of({ policies: setOf({ spec: deny({}) }) });
    await expect(denying.sequence.approve(request, never, known)).rejects.toMatchObject({ code: 'policy.denied' });
  });

  it('is none where it cannot be put on the record', async () => {
    const rig = Rig.of();
    rig.log.refuse(new Refusal('log.unavailable', 'the disk is gone'));
    expect(await approvalOf(rig)).toBe('log.unavailable');
    expect(rig.ends).toEqual([]);
  });

  it('of whom nobody waits for any more ends as that', async () => {
    const rig = Rig.of();
    expect(await approvalOf(rig, rig.request(), AbortSignal.abort())).toBe('cancelled');
    expect(rig.ends).toEqual(['certificate.failed cancelled']);
  });

  it('is asked for by turns, as a certificate is, and leaves the turn to that', async () => {
    const limits = { ...generous, keptForRenewals: 0, serviceAccount: { perSecond: 0.01, burst: 1 } };
    const gates: FairGate[] = [];
    const rig = Rig.of({
      gate: (clock: Clock) => {
        const gate = new FairGate(limits, clock);
        gates.push(gate);
        return gate;
      },
    });
    for (let at = 0; at < 5; at++) expect(await approvalOf(rig)).toBe('approved');
    for (const code of ['issued', 'issued', 'rate.exceeded']) expect(codeOf(await rig.ask())).toBe(code);
    expect(await approvalOf(rig)).toBe('rate.exceeded');
    expect(gates.map(({ held }) => held)).toEqual([0]);
  });

  it('under a relayed issuer asks nothing of it', async () => {
    const rig = Rig.relaying(() => ({ request: () => Promise.reject(new Error('asked')) }), {
      policies: setOf({ name: 'wide' }),
    });
    const { facts } = await rig.sequence.approve(rig.request(), never);
    expect([facts.policy, rig.ends]).toEqual(['wide', ['request.approved']]);
  });
});
