import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Ration } from '#issuance/fairness/ration.ts';

describe('a ration', () => {
  const asks = fc.array(
    fc.record({ wait: fc.integer({ min: 0, max: 120 }), child: fc.nat(7), times: fc.integer({ min: 1, max: 30 }) }),
    {
      maxLength: 150,
    },
  );

  it('never refuses a child that has had less than its part of the period, whatever the others ask', () => {
    fc.assert(
      fc.property(asks, fc.integer({ min: 8, max: 200 }), (each, perSecond) => {
        const ration = new Ration(perSecond);
        // With eight children at most nobody's part is less than an eighth of a second's rate.
        const least = Math.floor(perSecond / 8);
        const sinceHonest: number[] = [];
        let now = 0;
        for (const { wait, child, times } of each) {
          now += wait;
          for (let time = 0; time < times; time++)
            if (ration.allows(`hostile ${child % 7}`, now)) ration.charge(`hostile ${child % 7}`, now);
          // an honest child asks less than `least` times in any two seconds, so in any period
          if (sinceHonest.filter((at) => at > now - 2000).length + 1 > least) continue;
          expect(ration.allows('honest', now)).toBe(true);
          ration.charge('honest', now);
          sinceHonest.push(now);
        }
      }),
    );
  });

  it('lets no more through than the rate, once it is known who asks', () => {
    const ration = new Ration(30);
    for (let second = 0; second < 10; second++) {
      let allowed = 0;
      for (let ask = 0; ask < 500; ask++) {
        const child = `c${ask % 10}`;
        const now = second * 1000 + ask;
        if (!ration.allows(child, now)) continue;
        ration.charge(child, now);
        allowed++;
      }
      if (second > 0) expect(allowed).toBe(30);
    }
  });

  it('tells apart a thousand children and no more: its memory has a bound', () => {
    const ration = new Ration(1_000_000);
    let allowed = 0;
    for (let child = 0; child < 5000; child++) if (ration.allows(`c${child}`, 0)) allowed++;
    expect(allowed).toBe(1024);
  });

  it('at less than one a second there is one for somebody in each period', () => {
    const ration = new Ration(0.1);
    const allowed = (child: string, now: number) => {
      const yes = ration.allows(child, now);
      if (yes) ration.charge(child, now);
      return yes;
    };
    expect(allowed('a', 0)).toBe(true);
    expect(allowed('a', 5000)).toBe(false);
    expect(allowed('b', 5000)).toBe(false);
    expect(allowed('b', 10_000)).toBe(true);
    expect(allowed('a', 10_000)).toBe(false);
  });
});
