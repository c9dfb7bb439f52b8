import { describe, expect, it } from 'vitest';
import { LivingCertificates } from '#issuance/fairness/living.ts';

const uid = (at: number) => `5d1f2c3a-9b7e-4c1d-8e2f-${at.toString(16).padStart(12, '0')}`;
const noon = 1_790_000_000;

describe('the memory of living certificates', () => {
  it('knows nearly all of a hundred thousand pods, and believes next to nobody else', () => {
    const living = new LivingCertificates();
    for (let at = 0; at < 100_000; at++) living.issued(uid(at), '', noon, noon + 86_400);
    const known = (from: number) =>
      Array.from({ length: 100_000 }, (_, at) => living.isRenewal(uid(from + at), '', noon + 43_200)).filter(Boolean)
        .length;
    expect(known(0)).toBeGreaterThan(96_000);
    expect(known(100_000)).toBeLessThan(50);
  });

  it('is full of the living when more come than it can hold, and forgets the dead first', () => {
    const living = new LivingCertificates(64);
    for (let at = 0; at < 64; at++) living.issued(uid(at), '', noon, noon + 3600);
    for (let at = 64; at < 80; at++) living.issued(uid(at), '', noon + 4000, noon + 90_000);
    const late = Array.from({ length: 16 }, (_, at) => living.isRenewal(uid(64 + at), '', noon + 60_000));
    expect(late.filter(Boolean).length).toBeGreaterThan(12);
  });

  it('of two certificates of one pod the later one counts', () => {
    const living = new LivingCertificates(4);
    living.issued(uid(1), '', noon, noon + 1000);
    living.issued(uid(1), '', noon + 500, noon + 1500);
    expect(living.isRenewal(uid(1), '', noon + 700)).toBe(false);
    expect(living.isRenewal(uid(1), '', noon + 1200)).toBe(true);
  });
});
