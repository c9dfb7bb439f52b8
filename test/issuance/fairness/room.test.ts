import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FairGate, type Place } from '#issuance/fairness/gate.ts';
import { callerOf, Dial, type Who } from './callers.ts';
import { generous } from './limits.ts';

const inWork = 24;

interface Held {
  readonly who: Who;
  readonly place: Place;
}

/** The gate's answers beside a ledger of who holds what, kept in the simplest way there is. */
class Watched {
  readonly gate = new FairGate({ ...generous, keptForRenewals: 0, inWork }, new Dial());
  readonly held: Held[] = [];

  enter(who: Who): boolean {
    try {
      this.held.push({ who, place: this.gate.enter(callerOf(who)) });
      return true;
    } catch {
      return false;
    }
  }

  end(at: number): void {
    const [gone] = this.held.splice(at % Math.max(1, this.held.length), 1);
    gone?.place.issued({ notBefore: 0, notAfter: 1 });
  }

  /** What `who` may hold while everybody else holds what they do: an equal part on each level among those who hold any. */
  share(who: Who): number {
    const others = this.held.map((each) => each.who);
    const active = (of: (one: Who) => unknown, among: readonly Who[]) => new Set([...among.map(of), of(who)]).size;
    const inCluster = others.filter((one) => one.cluster === who.cluster);
    const inNamespace = inCluster.filter((one) => one.namespace === who.namespace);
    const clusters = active((one) => one.cluster, others);
    const namespaces = active((one) => one.namespace, inCluster);
    return inWork / clusters / namespaces / active((one) => one.account, inNamespace);
  }

  holds(who: Who): number {
    return this.held.filter(({ who: one }) => same(one, who)).length;
  }
}

const same = (a: Who, b: Who) => a.cluster === b.cluster && a.namespace === b.namespace && a.account === b.account;

const anyWho: fc.Arbitrary<Who> = fc.record({
  cluster: fc.constantFrom('east', 'west', 'north'),
  namespace: fc.constantFrom('a', 'b', 'c', 'd'),
  account: fc.constantFrom('x', 'y', 'z'),
});

const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ enter: anyWho, times: fc.integer({ min: 1, max: 40 }) }) },
    { weight: 1, arbitrary: fc.record({ ends: fc.array(fc.nat(), { maxLength: 30 }) }) },
  ),
  { maxLength: 60 },
);

describe('room for certificates in the making', () => {
  it('nobody who holds less than its share is ever refused, whatever all others do', () => {
    fc.assert(
      fc.property(steps, (each) => {
        const watched = new Watched();
        for (const step of each) {
          if ('ends' in step) for (const at of step.ends) watched.end(at);
          else
            for (let time = 0; time < step.times; time++) {
              const belowShare = watched.holds(step.enter) < watched.share(step.enter);
              const wasFull = watched.held.length >= inWork;
              const entered = watched.enter(step.enter);
              if (belowShare || !wasFull) expect(entered).toBe(true);
            }
        }
      }),
    );
  });

  it('one that holds nothing is never refused, not by a thousand who never let go', () => {
    const watched = new Watched();
    for (let at = 0; at < 1000; at++) expect(watched.enter({ cluster: 'east', namespace: `n${at}` })).toBe(true);
  });

  it('what others do not use is there for anybody, to the last place', () => {
    const watched = new Watched();
    const loop: Who = { cluster: 'east', namespace: 'loop' };
    watched.enter({ cluster: 'east', namespace: 'calm' });
    for (let at = 0; at < inWork - 1; at++) expect(watched.enter(loop)).toBe(true);
    expect(watched.enter(loop)).toBe(false);
  });

  it('n namespaces that fill up one after another while nothing ends hold at most the sum of all shares they had', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 60 }), (namespaces, times) => {
        const watched = new Watched();
        let bound = 0;
        for (let at = 1; at <= namespaces; at++) {
          for (let time = 0; time < times; time++) watched.enter({ cluster: 'east', namespace: `n${at}` });
          bound += Math.ceil(inWork / at);
        }
        expect(watched.held.length).toBeLessThanOrEqual(bound);
        expect(watched.gate.held).toBe(watched.held.length);
      }),
    );
  });

  it('two in endless loops come to hold the same, whoever was first', () => {
    const watched = new Watched();
    const first: Who = { cluster: 'east', namespace: 'first' };
    const second: Who = { cluster: 'east', namespace: 'second' };
    for (let at = 0; at < 100; at++) watched.enter(first);
    for (let round = 0; round < 200; round++) {
      watched.end(round * 7);
      for (let at = 0; at < 10; at++) watched.enter(first);
      watched.enter(second);
    }
    expect(watched.holds(second)).toBeGreaterThanOrEqual(inWork / 2);
    expect(watched.holds(first)).toBeGreaterThanOrEqual(inWork / 2 - 1);
  });

  it('places are conserved: what came in and has not ended is held, and when all has ended nobody is', () => {
    fc.assert(
      fc.property(steps, (each) => {
        const watched = new Watched();
        for (const step of each) {
          if ('ends' in step) for (const at of step.ends) watched.end(at);
          else for (let time = 0; time < step.times; time++) watched.enter(step.enter);
          expect(watched.gate.held).toBe(watched.held.length);
        }
        while (watched.held.length > 0) watched.end(0);
        expect(watched.gate.held).toBe(0);
        // and no share is taken by somebody who has gone
        const loop: Who = { cluster: 'east', namespace: 'loop' };
        for (let at = 0; at < inWork; at++) expect(watched.enter(loop)).toBe(true);
      }),
    );
  });
});
