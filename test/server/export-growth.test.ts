import { expect, it } from 'vitest';
import { Growth } from '#server/exports/growth.ts';
import { givesWay } from '#store/inventory/give-way.ts';

const waits = (growth: Growth, now: number) => {
  const { grown, ms } = growth.by(now);
  return givesWay(grown, ms, 1_000);
};

it('exports wait while the log grows quickly, and not for ever after its last record', () => {
  const growth = new Growth();
  growth.heard(1_000_000, 5_000);
  expect(waits(growth, 5_001)).toBe(false);
  growth.heard(1_000_500, 5_250);
  expect(waits(growth, 5_250)).toBe(true);
  expect(waits(growth, 5_900)).toBe(true);
  expect(waits(growth, 6_250)).toBe(false);
});
