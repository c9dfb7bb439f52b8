import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RootOverlap } from '#authority/root-overlap.ts';

const hour = 3_600_000;

describe('a root that leaves the files', () => {
  it('K-65: stays until the configured overlap is over, behind those that are there', () => {
    let now = 0;
    const overlap = new RootOverlap(hour, () => now);
    overlap.take(['old', 'new']);
    expect(overlap.with(['new'])).toEqual(['new', 'old']);
    overlap.take(['new']);
    now = hour - 1;
    expect(overlap.with(['new'])).toEqual(['new', 'old']);
    now = hour;
    expect(overlap.with(['new'])).toEqual(['new']);
    overlap.take(['new']);
    expect(overlap.known).toEqual({ own: ['new'], retired: [] });
  });

  it('K-65: counts from when it left, however often the rest changes, and across processes', () => {
    let now = 0;
    const before = new RootOverlap(hour, () => now);
    before.take(['old', 'new']);
    before.take(['new']);
    now = hour / 2;
    before.take(['new', 'newer']);
    const after = new RootOverlap(hour, () => now, JSON.parse(JSON.stringify(before.known)));
    expect(after.with(['new', 'newer'])).toEqual(['new', 'newer', 'old']);
    now = hour;
    expect(after.with(['new', 'newer'])).toEqual(['new', 'newer']);
  });

  it('K-65: that left while no process ran is kept from the start on', () => {
    const overlap = new RootOverlap(hour, () => 10 * hour, { own: ['old', 'new'], retired: [] });
    expect(overlap.with(['new'])).toEqual(['new', 'old']);
  });

  it('is let go at once without an overlap', () => {
    const overlap = new RootOverlap(0, () => 0);
    overlap.take(['old', 'new']);
    expect(overlap.with(['new'])).toEqual(['new']);
  });

  it('that comes back is one of the files again', () => {
    let now = 0;
    const overlap = new RootOverlap(hour, () => now);
    for (const own of [['a', 'b'], ['a'], ['a', 'b']]) overlap.take(own);
    now = 2 * hour;
    expect(overlap.with(['a', 'b'])).toEqual(['a', 'b']);
    overlap.take(['a']);
    expect(overlap.with(['a'])).toEqual(['a', 'b']);
  });

  it('whatever the files hold and the clock says: all of theirs, each once, and nothing that was gone for the overlap', () => {
    const root = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    const step = fc.record({ own: fc.uniqueArray(root), passed: fc.integer({ min: 0, max: hour }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        let now = 0;
        const overlap = new RootOverlap(hour, () => now);
        const lastThere = new Map<(typeof steps)[number]['own'][number], number>();
        let before: (typeof steps)[number]['own'] = [];
        for (const { own, passed } of steps) {
          now += passed;
          for (const each of before) lastThere.set(each, now);
          const bundle = overlap.with(own);
          overlap.take(own);
          before = own;
          expect(new Set(bundle).size).toBe(bundle.length);
          expect(bundle.slice(0, own.length)).toEqual(own);
          const kept = [...lastThere].filter(([each, at]) => !own.includes(each) && now - at < hour);
          expect(new Set(bundle.slice(own.length))).toEqual(new Set(kept.map(([each]) => each)));
          expect(overlap.with(own)).toEqual(bundle);
        }
      }),
    );
  });
});
