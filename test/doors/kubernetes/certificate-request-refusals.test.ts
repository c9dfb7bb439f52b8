import { describe, expect, it } from 'vitest';
import { type RefusalCode, refusalCodes } from '#refusal/refusal.ts';
import { setOf } from '#test/policy/sidecar.ts';
import { Door } from './certificate-requests/door.ts';

/** Nobody's fault but the request's own. */
const invalid = /^(csr|key|request)\./;
/** The request can never succeed, though its form is good. */
const refused: readonly RefusalCode[] = [
  'authn.failed',
  'authn.impersonation',
  'authz.role',
  'identity.malformed',
  'identity.mismatch',
  'identity.trust-domain',
  'identity.pattern',
  'san.forbidden',
  'ttl.too-long',
  'ttl.too-short',
  'fips.level',
  'policy.denied',
  'policy.rule',
];
const healed = refusalCodes.filter((code) => !invalid.test(code) && !refused.includes(code));

describe('the door of CertificateRequests, and what is refused', () => {
  it.each([
    ...refusalCodes.filter((code) => invalid.test(code)).map((code) => [code, 'True'] as const),
    ...refused.map((code) => [code, undefined] as const),
  ])('K-9: %s is told for good, once, with InvalidRequest %s', async (code, said) => {
    await using door = await Door.open();
    door.outage = code;
    const uid = door.ask('web');
    await door.ended('web', 'Failed');
    expect(door.conditionOf('web')).toMatchObject({ status: 'False', message: 'fault 1' });
    expect(door.statusOf('web').failureTime).toBe('2026-11-21T12:00:00Z');
    expect(door.conditionOf('web', 'InvalidRequest')?.status).toBe(said);
    door.outage = undefined;
    door.lead();
    await door.live(600_000);
    expect(door.writesTo('web')).toHaveLength(1);
    expect(door.rig.log.records.map(({ request }) => request)).toEqual([expect.objectContaining({ id: uid })]);
    expect(door.api.events.filter(({ reason }) => reason === 'Failed')).toMatchObject([
      { type: 'Warning', note: 'fault 1' },
    ]);
  });

  it.each(healed)('K-31: %s leaves it pending, and it is signed once that has passed', async (code) => {
    await using door = await Door.open();
    door.outage = code;
    const uid = door.ask('web');
    await door.ended('web', 'Pending');
    expect(door.statusOf('web').failureTime).toBeUndefined();
    door.outage = undefined;
    await door.live(1_000);
    expect(door.reasonOf('web')).toBe('Issued');
    expect(door.records('certificate.issued', uid)).toHaveLength(1);
  });

  it('K-31: where no policy speaks of such requests they wait for one', async () => {
    await using door = await Door.open({ policies: setOf({ name: 'workloads' }) });
    door.ask('web');
    await door.ended('web', 'Pending');
    expect(door.records('certificate.denied')).toMatchObject([{ reason: 'policy.no-match' }]);
  });
});
