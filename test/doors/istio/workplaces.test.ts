import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Workplaces } from '#doors/istio/workplaces.ts';

const limit = 12;
const times = (count: number, ask: () => boolean) => Array.from({ length: count }, ask).filter(Boolean).length;

describe('places of the door, before anybody is proven', () => {
  it.each([0, 1, 4, 100])('one address alone gets all %i of them and no more', (all) => {
    const places = new Workplaces(all);
    expect(times(all + 20, () => places.take('10.0.0.1'))).toBe(all);
  });

  it('an address that came late gets its share of a door that another has filled, up to a third more than the limit', () => {
    const places = new Workplaces(limit);
    times(100, () => places.take('10.0.0.1'));
    expect(times(100, () => places.take('10.0.0.2'))).toBe(limit / 3);
    for (let at = 0; at < 2; at++) {
      places.free('10.0.0.1');
      expect(places.take('10.0.0.1')).toBe(false);
      expect(places.take('10.0.0.2')).toBe(true);
    }
    places.free('10.0.0.1');
    expect(places.take('10.0.0.2'), 'half of the limit is its share').toBe(false);
  });

  it('an address that has gone takes nothing from the shares of those who are there', () => {
    const places = new Workplaces(limit);
    for (let at = 0; at < 20; at++) {
      places.take(`10.0.1.${at}`);
      places.free(`10.0.1.${at}`);
    }
    times(100, () => places.take('10.0.0.1'));
    expect(times(100, () => places.take('10.0.0.2'))).toBe(limit / 3);
  });

  it('nobody below its share is refused while there is a place at all, and nothing is lost or made', () => {
    const step = fc.record({ address: fc.nat(5), takes: fc.nat(9).map((chance) => chance > 2) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
        const places = new Workplaces(limit);
        const held = new Map<number, number>();
        const all = () => [...held.values()].reduce((sum, each) => sum + each, 0);
        for (const { address, takes } of steps) {
          const own = held.get(address) ?? 0;
          if (takes) {
            const holders = [...held].filter(([who, count]) => count > 0 || who === address);
            const share = limit / new Set([...holders.map(([who]) => who), address]).size;
            const before = all();
            const taken = places.take(String(address));
            if (before < limit || (own < share && before < limit + limit / 3)) expect(taken).toBe(true);
            if (before >= limit && own >= share) expect(taken).toBe(false);
            if (taken) held.set(address, own + 1);
            expect(all()).toBeLessThanOrEqual(limit + limit / 3);
          } else if (own > 0) {
            places.free(String(address));
            held.set(address, own - 1);
          }
        }
        for (const [address, count] of held) for (let at = 0; at < count; at++) places.free(String(address));
        expect(times(100, () => places.take('new'))).toBe(limit);
      }),
    );
  });

  it('tells how many are taken by first calls of their connections', () => {
    const places = new Workplaces(4);
    places.take('10.0.0.1', true);
    places.take('10.0.0.1');
    expect(places.newcomers).toBe(1);
    places.free('10.0.0.1');
    expect(places.newcomers).toBe(1);
    places.free('10.0.0.1', true);
    expect(places.newcomers).toBe(0);
  });
});
