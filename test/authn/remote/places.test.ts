import { beforeEach, describe, expect, it } from 'vitest';
import type { ProvenToken, TokenProver } from '#authn/kubernetes/proven-token.ts';
import { Places } from '#authn/remote/places.ts';
import { Refusal } from '#refusal/refusal.ts';
import { never } from '#test/authn/oidc/issuer.ts';
import { FakePace } from '#test/kubernetes/fake-pace.ts';

const proven: ProvenToken = { namespace: 'demo', serviceAccount: 'web', audiences: ['istio-ca'], credential: {} };

/** An API server that answers when a test says so. */
class Asked {
  readonly #gates: PromiseWithResolvers<ProvenToken>[] = [];
  prove = () => {
    const gate = Promise.withResolvers<ProvenToken>();
    this.#gates.push(gate);
    return gate.promise;
  };
  get waiting(): number {
    return this.#gates.length;
  }
  answer(): void {
    this.#gates.shift()?.resolve(proven);
  }
  refuse(code: 'authn.failed' | 'authn.unavailable'): void {
    this.#gates.shift()?.reject(new Refusal(code, 'no'));
  }
}

describe('places of remote clusters at a door of 64', () => {
  let pace: FakePace;
  let places: Places;
  let turns: boolean[];
  beforeEach(() => {
    pace = new FakePace();
    places = new Places({ places: 64, pace });
    turns = [];
  });
  const made = () => {
    const asked = new Asked();
    const share = places.share((away) => turns.push(away));
    return { asked, share, prover: share.proverOf(asked) };
  };
  const ends: Promise<unknown>[] = [];
  /** How many of `count` calls were turned away at once. */
  const overloaded = async (prover: TokenProver, count: number) => {
    const before = Array.from({ length: count }, () =>
      Promise.race([
        prover.prove('t', never).catch((thrown: unknown) => (thrown instanceof Refusal ? thrown.code : thrown)),
        new Promise((resolve) => setImmediate(resolve, 'waits')),
      ]),
    );
    ends.push(...before);
    return (await Promise.all(before)).filter((outcome) => outcome === 'overload').length;
  };
  const settled = () => new Promise((resolve) => setImmediate(resolve));

  it('one whose API server answers may hold half of them', async () => {
    const { asked, prover } = made();
    expect(await overloaded(prover, 40)).toBe(8);
    expect(asked.waiting).toBe(32);
  });

  it('Istio 39: one that hangs keeps its share, and another still has its own and what can be lent', async () => {
    const [hanging, other] = [made(), made()];
    await overloaded(hanging.prover, 8);
    pace.advance(1001);
    expect(await overloaded(hanging.prover, 10)).toBe(10);
    expect(hanging.asked.waiting).toBe(8);
    expect(await overloaded(other.prover, 24)).toBe(0);
    expect(await overloaded(other.prover, 1)).toBe(1);
  });

  it('Istio 39: sixteen that hang at once leave each its share, and a quarter of the door for our own', async () => {
    const all = Array.from({ length: 16 }, made);
    for (const { prover } of all) await overloaded(prover, 100);
    const held = all.reduce((sum, { asked }) => sum + asked.waiting, 0);
    expect(all.every(({ asked }) => asked.waiting >= 1)).toBe(true);
    expect(held).toBeLessThanOrEqual(48);
  });

  it('one that does not answer is told of once, and has its share until it answers again', async () => {
    const { asked, share, prover } = made();
    await overloaded(prover, 1);
    asked.refuse('authn.unavailable');
    await settled();
    expect(share.away).toBe(true);
    expect(await overloaded(prover, 20)).toBe(4);
    asked.refuse('authn.unavailable');
    asked.refuse('authn.failed');
    await settled();
    expect(share.away).toBe(false);
    expect(turns).toEqual([true, false]);
    expect(await overloaded(prover, 14)).toBe(0);
  });

  it('time without callers is no silence', async () => {
    const { asked, prover } = made();
    await overloaded(prover, 1);
    asked.answer();
    await settled();
    pace.advance(3_600_000);
    expect(await overloaded(prover, 32)).toBe(0);
  });

  it('the share of one that goes is that of the others', async () => {
    const [gone, stays] = [made(), made()];
    await overloaded(stays.prover, 1);
    pace.advance(1001);
    expect(await overloaded(stays.prover, 8)).toBe(1);
    gone.share.leave();
    expect(await overloaded(stays.prover, 8)).toBe(0);
    expect(await overloaded(stays.prover, 1)).toBe(1);
  });

  it('Istio 39: questions about pods that hang hold no more than its share, though its tokens are proven all the while', async () => {
    const [hanging, other] = [made(), made()];
    const ask = () => new Promise<never>(() => {});
    const turnedAway = async (count: number) => {
      const asked = Array.from({ length: count }, () =>
        Promise.race([hanging.share.askOfPods(ask), new Promise((resolve) => setImmediate(resolve, 'waits'))]),
      );
      return (await Promise.all(asked)).filter((outcome) => outcome === undefined).length;
    };
    expect(await turnedAway(8)).toBe(0);
    pace.advance(1001);
    await overloaded(other.prover, 1);
    other.asked.answer();
    await settled();
    expect(await turnedAway(100)).toBe(100);
    expect(await overloaded(other.prover, 24)).toBe(0);
  });

  it('a share is one for tokens and pods', async () => {
    const { share, prover } = made();
    for (let n = 0; n < 16; n++) void share.askOfPods(() => new Promise<never>(() => {}));
    pace.advance(1001);
    expect(await overloaded(prover, 20)).toBe(4);
  });
});
