import { describe, expect, it } from 'vitest';
import { Outages } from '#server/cluster-requests/outages.ts';
import { FakePace } from '#test/kubernetes/fake-pace.ts';

describe('the issuers of a server that cannot sign', () => {
  function watch(why: Map<string, string>) {
    const pace = new FakePace();
    const heard: (string | undefined)[] = [];
    const looks = { made: 0 };
    const outages: Outages = new Outages({
      names: () => ['mesh', 'edge'],
      why: (name) => {
        looks.made += 1;
        return why.get(name);
      },
      onChange: () => heard.push(outages.of('mesh')),
      pace,
    });
    return { outages, pace, heard, looks };
  }

  it('K-31: an outage is told of once it lasts, in its first words, and its end at the next look', () => {
    const why = new Map<string, string>();
    const { outages, pace, heard } = watch(why);
    pace.advance(10_000);
    why.set('mesh', 'its key cannot be used');
    pace.advance(2_000);
    expect([outages.of('mesh'), heard]).toEqual([undefined, []]);
    pace.advance(1_000);
    why.set('mesh', 'in other words');
    pace.advance(600_000);
    expect([outages.of('mesh'), outages.of('edge')]).toEqual(['its key cannot be used', undefined]);
    why.clear();
    pace.advance(1_000);
    expect([outages.of('mesh'), heard]).toEqual([undefined, ['its key cannot be used', undefined]]);
  });

  it('a key that comes and goes faster than that is no outage, however long it does', () => {
    const why = new Map<string, string>();
    const { pace, heard } = watch(why);
    for (let second = 0; second < 3_600; second += 1) {
      if (second % 3 === 0) why.clear();
      else why.set('mesh', `fault ${second}`);
      pace.advance(1_000);
    }
    expect(heard).toEqual([]);
  });

  it('what is away from the beginning is known at once', () => {
    const { outages, pace, heard } = watch(new Map([['mesh', 'the intermediate is not there yet']]));
    expect(outages.of('mesh')).toBe('the intermediate is not there yet');
    pace.advance(60_000);
    expect(heard).toEqual([]);
  });

  it('is one look a second, and none once it is stopped', () => {
    const { outages, pace, looks } = watch(new Map([['mesh', 'away']]));
    pace.advance(60_000);
    expect(looks.made).toBe(2 * 61);
    outages.stop();
    pace.advance(60_000);
    expect([looks.made, pace.waits]).toEqual([2 * 61, []]);
  });
});
