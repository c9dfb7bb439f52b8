import { describe, expect, it } from 'vitest';
import { FairGate, type Place } from '#issuance/fairness/gate.ts';
import type { FairnessLimits } from '#issuance/fairness/limits.ts';
import { asRefusal, Refusal, type RefusalCode } from '#refusal/refusal.ts';
import { callerOf, Dial, type Who } from './callers.ts';
import { generous } from './limits.ts';

const hour = 3600;

/** A gate, its clock, and what is asked of it in one word each. */
class Ask {
  readonly dial = new Dial();
  readonly gate: FairGate;

  constructor(limits: Partial<FairnessLimits>) {
    this.gate = new FairGate({ ...generous, keptForRenewals: 0, ...limits }, this.dial);
  }

  /** `granted`, or the name of the limit in the way. A place that is granted is kept in `places`. */
  once(who: Who): string {
    try {
      this.places.push(this.gate.enter(callerOf(who)));
      return 'granted';
    } catch (thrown) {
      const refusal = asRefusal(thrown);
      expect(refusal.code).toBe('rate.exceeded');
      return String(refusal.detail.limit);
    }
  }

  many(count: number, who: (at: number) => Who): string[] {
    return Array.from({ length: count }, (_, at) => this.once(who(at)));
  }

  endAll(end: (place: Place) => void = (place) => place.issued(this.validity)): void {
    for (const place of this.places.splice(0)) end(place);
  }

  get validity() {
    const now = this.dial.ms / 1000;
    return { notBefore: now, notAfter: now + hour };
  }

  readonly places: Place[] = [];
}

const rate = { perSecond: 10, burst: 3 };
const web: Who = { cluster: 'east', namespace: 'demo', account: 'web', node: 'n1' };

/** [the limit, its settings, who all asks under it, who does not] */
const levels: readonly (readonly [string, Partial<FairnessLimits>, (at: number) => Who, Who])[] = [
  ['service-account', { serviceAccount: rate }, () => web, { ...web, account: 'other' }],
  ['namespace', { namespace: rate }, (at) => ({ ...web, account: `web${at}` }), { ...web, namespace: 'other' }],
  ['cluster', { cluster: rate }, (at) => ({ ...web, namespace: `demo${at}` }), { ...web, cluster: 'west' }],
  ['node', { node: rate }, (at) => ({ ...web, namespace: `demo${at}` }), { ...web, node: 'n2' }],
];

describe('a rate', () => {
  it.each(levels)(
    'of a %s: its burst at once, then its rate, and nobody beside it is touched',
    (name, limits, who, other) => {
      const ask = new Ask(limits);
      expect(ask.many(3, who)).toEqual(['granted', 'granted', 'granted']);
      // One pod, so that what is kept for those who asked less does not come in.
      expect(ask.once(who(0))).toBe(name === 'service-account' ? name : 'granted');
      expect(ask.once(other)).toBe('granted');
      ask.dial.ms += 100_000;
      expect(ask.many(3, () => who(0))).toEqual(['granted', 'granted', 'granted']);
    },
  );

  it('lets one more through each time one is paid back', () => {
    const ask = new Ask({ serviceAccount: rate });
    ask.many(3, () => web);
    for (let step = 0; step < 50; step++) {
      ask.dial.ms += 99;
      expect(ask.once(web)).toBe('service-account');
      ask.dial.ms += 1;
      expect(ask.once(web)).toBe('granted');
    }
  });

  it('charges nothing for what is refused: whoever only asks is not held longer for it', () => {
    const ask = new Ask({ serviceAccount: rate, namespace: { perSecond: 10, burst: 4 } });
    ask.many(3, () => web);
    expect(new Set(ask.many(1000, () => web))).toEqual(new Set(['service-account']));
    expect(ask.once({ ...web, account: 'other' })).toBe('granted');
    ask.dial.ms += 100;
    expect(ask.once(web)).toBe('granted');
  });

  it.each([
    ['issuer.unavailable', 'granted'],
    ['signer.unavailable', 'granted'],
    ['log.unavailable', 'granted'],
    ['overload', 'granted'],
    ['csr.signature', 'service-account'],
    ['policy.denied', 'service-account'],
    // These two a caller can bring about at will, after the costly part.
    ['cancelled', 'service-account'],
    ['deadline', 'service-account'],
  ] satisfies [RefusalCode, string][])('after work that ends in %s the next is %s', (code, next) => {
    const ask = new Ask({ serviceAccount: rate, node: rate });
    ask.many(3, () => web);
    ask.endAll((place) => place.failed(new Refusal(code, 'as it happens')));
    expect(ask.once(web)).toBe(next);
    expect(ask.gate.held).toBe(next === 'granted' ? 1 : 0);
  });

  it('a turn that was given back is given back to the node too', () => {
    const ask = new Ask({ node: { perSecond: 0.01, burst: 2 } });
    ask.many(3, () => web);
    expect(ask.once(web)).toBe('node');
    ask.endAll((place) => place.failed(new Refusal('signer.unavailable', 'away')));
    expect(ask.many(2, () => web)).toEqual(['granted', 'granted']);
  });

  it('holds nobody for longer when the clock is set back by a day', () => {
    const ask = new Ask({ serviceAccount: rate });
    ask.many(3, () => web);
    ask.dial.ms -= 86_400_000;
    expect(ask.once(web)).toBe('service-account');
    ask.dial.ms += 99;
    expect(ask.once(web)).toBe('service-account');
    ask.dial.ms += 1;
    expect(ask.once(web)).toBe('granted');
  });

  it('one who never stops asking gets the burst, and then the rate, and one second of it more', () => {
    for (const burst of [1, 3, 50]) {
      const ask = new Ask({ serviceAccount: { perSecond: 10, burst } });
      let granted = 0;
      for (let tick = 0; tick < 20_000; tick++) {
        if (ask.once({ ...web, pod: 'loop' }) === 'granted') granted++;
        ask.dial.ms += 1;
      }
      expect(granted).toBeGreaterThanOrEqual(burst + 20 * 10 - 10);
      expect(granted).toBeLessThanOrEqual(burst + 21 * 10);
    }
  });

  it('says who is over which limit, and that trying again is right', () => {
    const ask = new Ask({ namespace: rate });
    ask.many(3, () => web);
    let refusal: Refusal | undefined;
    for (let at = 0; at < 20 && refusal === undefined; at++) {
      try {
        ask.gate.enter(callerOf(web));
      } catch (thrown) {
        refusal = asRefusal(thrown);
      }
    }
    expect(refusal?.remedy).toBe('retry-later');
    expect(refusal?.message).toBe(
      'the namespace of spiffe://cluster.local/ns/demo/sa/web asks for more than 10 certificates a second after 3 at once, try again',
    );
  });
});

describe('one child in a tight loop empties the bucket above it for itself alone', () => {
  /** [the bucket, its settings, the one in a loop, its sibling] */
  const siblings: readonly (readonly [string, Partial<FairnessLimits>, Who, Who])[] = [
    ['service account, of pods', { serviceAccount: rate }, { ...web, pod: 'loop' }, { ...web, pod: 'calm' }],
    ['namespace, of service accounts', { namespace: rate }, { ...web, account: 'loop' }, { ...web, account: 'calm' }],
    ['cluster, of namespaces', { cluster: rate }, { ...web, namespace: 'loop' }, { ...web, namespace: 'calm' }],
    ['node, of namespaces', { node: rate }, { ...web, namespace: 'loop' }, { ...web, namespace: 'calm' }],
  ];

  it.each(siblings)('%s', (_, limits, loop, calm) => {
    const ask = new Ask(limits);
    ask.many(500, () => loop);
    for (let second = 0; second < 20; second++) {
      let looped = 0;
      for (let tick = 0; tick < 100; tick++) {
        ask.dial.ms += 10;
        looped += ask.many(20, () => loop).filter((each) => each === 'granted').length;
        if (tick % 25 === 3) expect(ask.once(calm)).toBe('granted');
      }
      // What the calm one uses is not added to the limit but taken from the other.
      if (second > 2) expect(looped).toBeLessThanOrEqual(7);
    }
  });
});

describe('renewal before new', () => {
  const kept = { keptForRenewals: 0.5 };
  const pod: Who = { ...web, pod: 'a' };

  it('a certificate shown in the handshake is a renewal, here or at the proxy that forwards it', () => {
    for (const authenticator of ['client-cert', 'xfcc'] as const) {
      const ask = new Ask({ ...kept, serviceAccount: { perSecond: 1, burst: 4 } });
      expect(ask.many(4, () => web)).toEqual(['granted', 'granted', 'service-account', 'service-account']);
      expect(ask.many(3, () => ({ ...web, authenticator }))).toEqual(['granted', 'granted', 'service-account']);
    }
  });

  it('of the room for work too', () => {
    const ask = new Ask({ ...kept, inWork: 4 });
    expect(ask.many(3, () => web)).toEqual(['granted', 'granted', 'in-work']);
    expect(ask.many(3, () => ({ ...web, authenticator: 'client-cert' }))).toEqual(['granted', 'granted', 'in-work']);
  });

  it('a token of a pod that got a certificate from us is one from a quarter of its life to its end', () => {
    const ask = new Ask({ ...kept, inWork: 4 });
    ask.once(pod);
    ask.endAll();
    ask.many(2, () => ({ ...web, pod: 'b' }));
    const asked = (minutes: number) => {
      ask.dial.ms += minutes * 60_000;
      return ask.once(pod);
    };
    expect(asked(0), 'at once').toBe('in-work');
    expect(asked(14), 'after 14 minutes of an hour').toBe('in-work');
    expect(asked(16), 'after a half').toBe('granted');
    expect(asked(31), 'after its end').toBe('in-work');
  });

  it("of what one ztunnel asks for many, each target's certificate counts for itself", () => {
    const ask = new Ask({ ...kept, inWork: 4 });
    const by: Who = { ...web, namespace: 'istio-system', account: 'ztunnel' };
    const acting = (account: string, pod: string): Who => ({ ...web, account, pod, by });
    ask.once(acting('ambient', 'tunnel-1'));
    ask.endAll();
    ask.many(2, (at) => acting(at === 0 ? 'ambient' : 'other', 'tunnel-2'));
    ask.dial.ms += 1_800_000;
    expect(ask.once(acting('other', 'tunnel-1'))).toBe('in-work');
    expect(ask.once(acting('ambient', 'tunnel-3'))).toBe('in-work');
    expect(ask.once(acting('ambient', 'tunnel-1'))).toBe('granted');
  });

  it('a caller without a pod and without a certificate is always new', () => {
    const ask = new Ask({ ...kept, inWork: 4 });
    ask.once(web);
    ask.endAll();
    ask.many(2, () => web);
    ask.dial.ms += 1_800_000;
    expect(ask.once(web)).toBe('in-work');
  });
});
