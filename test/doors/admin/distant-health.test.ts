import { expect, it } from 'vitest';
import { DistantHealth } from '#doors/admin/distant-health.ts';

const well = { ok: true, checks: [{ name: 'log', ok: true, since: 1 }] };

it('readiness as another thread told it: not before it told any, and not when it has been silent for too long', () => {
  let now = 0;
  const health = new DistantHealth(() => now);
  expect(health.readiness()).toEqual({ ok: false, checks: [] });
  health.tell(well);
  now = 10_000;
  expect(health.readiness()).toEqual(well);
  now = 10_001;
  expect(health.readiness()).toMatchObject({
    ok: false,
    checks: [{ name: 'log' }, { name: 'event-loop', ok: false, reason: 'it has not turned for 10 s' }],
  });
  health.tell({ ok: false, checks: [{ name: 'log', ok: false, reason: 'full', since: 2 }] });
  expect(health.readiness()).toMatchObject({ ok: false, checks: [{ reason: 'full' }] });
});
