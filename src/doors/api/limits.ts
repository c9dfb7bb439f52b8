import { Pace } from '#issuance/fairness/pace.ts';
import { Refusal } from '#refusal/refusal.ts';

export interface ApiBounds {
  readonly maxInFlight: number;
  readonly maxInFlightEach: number;
  readonly perSecond: number;
  /** From one address: each is a handshake, which takes the event loop that issuance needs. */
  readonly connectionsPerSecond: number;
  readonly maxStreams: number;
  readonly maxStreamsEach: number;
}

/** Proofs that fail in a second, from one address; what comes past it is not looked at. */
const failures = { perSecond: 5, burst: 20 };
/** Buckets that are remembered; past it the one that was taken from least lately gives way. */
const mostBuckets = 4_096;

/** Who may go on: places in work and in streams, and how fast one person or a stranger's address comes. */
export class Limits {
  readonly #bounds: ApiBounds;
  readonly #inWork: Places;
  readonly #streams: Places;
  readonly #people: Buckets;
  readonly #strangers = new Buckets(failures);
  readonly #connections: Buckets;

  constructor(bounds: ApiBounds) {
    this.#bounds = bounds;
    this.#inWork = new Places(bounds.maxInFlight, bounds.maxInFlightEach, 'requests are in work');
    this.#streams = new Places(bounds.maxStreams, bounds.maxStreamsEach, 'streams are open');
    const { connectionsPerSecond } = bounds;
    this.#connections = new Buckets({ perSecond: connectionsPerSecond, burst: 5 * connectionsPerSecond });
    this.#people = new Buckets({ perSecond: bounds.perSecond, burst: 2 * bounds.perSecond });
  }

  get inFlight(): number {
    return this.#inWork.taken;
  }

  get streams(): number {
    return this.#streams.taken;
  }

  /** Whether a connection from there may begin now. */
  mayConnect(address: string, now: number): boolean {
    if (!this.#connections.allows(address, now)) return false;
    this.#connections.charge(address, now);
    return true;
  }

  /** Throws Refusal `overload`. */
  enter(): Disposable {
    return this.#inWork.enter();
  }

  /** `now` in ms, on a clock that does not go back. Throws Refusal `rate.exceeded`. */
  mayProve(address: string, now: number): void {
    if (this.#strangers.allows(address, now)) return;
    throw new Refusal('rate.exceeded', 'too many proofs from this address have failed', { afterSeconds: 1 });
  }

  failedToProve(address: string, now: number): void {
    this.#strangers.charge(address, now);
  }

  /** A place of that person's own, and one request of the pace. Throws Refusal `rate.exceeded`. */
  admit(person: string, now: number): Disposable {
    if (!this.#people.allows(person, now))
      throw new Refusal('rate.exceeded', `one person has ${this.#bounds.perSecond} requests in a second`, {
        afterSeconds: 1,
      });
    const place = this.#inWork.take(person);
    this.#people.charge(person, now);
    return place;
  }

  /** Throws Refusal `overload` or `rate.exceeded`. */
  stream(person: string): Disposable {
    const among = this.#streams.enter();
    try {
      const own = this.#streams.take(person);
      return both(among, own);
    } catch (thrown) {
      among[Symbol.dispose]();
      throw thrown;
    }
  }
}

class Places {
  readonly #most: number;
  readonly #mostEach: number;
  readonly #what: string;
  readonly #each = new Map<string, number>();
  taken = 0;

  constructor(most: number, mostEach: number, what: string) {
    this.#most = most;
    this.#mostEach = mostEach;
    this.#what = what;
  }

  enter(): Disposable {
    if (this.taken >= this.#most) throw new Refusal('overload', `${this.#most} ${this.#what}`, { afterSeconds: 1 });
    this.taken++;
    return once(() => {
      this.taken--;
    });
  }

  take(person: string): Disposable {
    const has = this.#each.get(person) ?? 0;
    if (has >= this.#mostEach)
      throw new Refusal('rate.exceeded', `${this.#mostEach} ${this.#what} for this person`, { afterSeconds: 1 });
    this.#each.set(person, has + 1);
    return once(() => {
      const left = (this.#each.get(person) ?? 1) - 1;
      if (left === 0) this.#each.delete(person);
      else this.#each.set(person, left);
    });
  }
}

class Buckets {
  readonly #pace: Pace;
  /** When a bucket is full again, ms; those that were taken from least lately first. */
  readonly #fullAt = new Map<string, number>();

  constructor(rate: { readonly perSecond: number; readonly burst: number }) {
    this.#pace = new Pace(rate, 0);
  }

  allows(key: string, now: number): boolean {
    return this.#pace.allows(this.#fullAt.get(key) ?? 0, now, true);
  }

  charge(key: string, now: number): void {
    const fullAt = this.#pace.charged(this.#fullAt.get(key) ?? 0, now);
    this.#fullAt.delete(key);
    this.#fullAt.set(key, fullAt);
    const [first] = this.#fullAt.keys();
    if (this.#fullAt.size > mostBuckets && first !== undefined) this.#fullAt.delete(first);
  }
}

function both(one: Disposable, other: Disposable): Disposable {
  return once(() => {
    other[Symbol.dispose]();
    one[Symbol.dispose]();
  });
}

function once(end: () => void): Disposable {
  let ended = false;
  return {
    [Symbol.dispose]() {
      if (!ended) end();
      ended = true;
    },
  };
}
