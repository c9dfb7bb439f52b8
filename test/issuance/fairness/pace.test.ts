import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Pace } from '#issuance/fairness/pace.ts';

describe('a bucket in one number', () => {
  const rates = fc.record({ perSecond: fc.integer({ min: 1, max: 5000 }), burst: fc.integer({ min: 1, max: 500 }) });
  const waits = fc.array(fc.integer({ min: 0, max: 700 }), { minLength: 1, maxLength: 400 });

  it('grants as a bucket of tokens does, at every step of any pattern of asking', () => {
    fc.assert(
      fc.property(rates, waits, (rate, pattern) => {
        const pace = new Pace(rate, 0);
        let fullAt = 0;
        let now = 1_000_000;
        let tokens = rate.burst;
        for (const wait of pattern) {
          now += wait;
          tokens = Math.min(rate.burst, tokens + (wait * rate.perSecond) / 1000);
          const granted = pace.allows(fullAt, now, true);
          // where the two differ by rounding alone, neither is wrong
          if (Math.abs(tokens - 1) > 0.01) expect(granted).toBe(tokens >= 1);
          if (granted) {
            fullAt = pace.charged(fullAt, now);
            tokens -= 1;
          }
        }
      }),
    );
  });

  it('grants in any stretch of time its burst and its rate at most', () => {
    fc.assert(
      fc.property(rates, waits, (rate, pattern) => {
        const pace = new Pace(rate, 0);
        const times: number[] = [];
        let fullAt = 0;
        let now = 1_000_000;
        for (const wait of pattern) {
          now += wait;
          if (!pace.allows(fullAt, now, true)) continue;
          fullAt = pace.charged(fullAt, now);
          times.push(now);
        }
        for (const [at, first] of times.entries()) {
          const last = times.at(-1) ?? first;
          const most = rate.burst + ((last - first) * rate.perSecond) / 1000;
          expect(times.length - at).toBeLessThanOrEqual(most + 0.01);
        }
      }),
    );
  });

  it('keeps for renewals what it is told to, and at least one of a full bucket for anybody', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 400 })),
        fc.integer({ min: 0, max: 9 }),
        (burst, tenths) => {
          const pace = new Pace({ perSecond: 1, burst }, tenths / 10);
          let fullAt = 0;
          let forNew = 0;
          for (; pace.allows(fullAt, 1000, false); forNew++) fullAt = pace.charged(fullAt, 1000);
          let more = 0;
          for (; pace.allows(fullAt, 1000, true); more++) fullAt = pace.charged(fullAt, 1000);
          expect(forNew).toBe(Math.max(1, Math.floor((burst * (10 - tenths)) / 10 + 1e-6)));
          expect(forNew + more).toBe(burst);
        },
      ),
    );
  });

  it('what is refunded is there again', () => {
    const pace = new Pace({ perSecond: 1, burst: 1 }, 0);
    const fullAt = pace.charged(0, 5000);
    expect(pace.allows(fullAt, 5000, true)).toBe(false);
    expect(pace.allows(pace.refunded(fullAt), 5000, true)).toBe(true);
  });
});
