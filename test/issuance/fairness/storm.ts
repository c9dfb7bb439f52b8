import { Workplaces } from '#doors/istio/workplaces.ts';
import type { Gate } from '#issuance/fairness/gate.ts';
import type { Caller } from '#policy/caller.ts';
import { asRefusal } from '#refusal/refusal.ts';
import type { Dial } from './callers.ts';
import { Timeline } from './timeline.ts';

/** What a replica on two cores does, measured: CPU of a call until its caller is proven and may be refused, and of the rest. ms. */
const proving = 0.08;
const making = 1000 / 3000 - proving;
/** Calls in flight at the door. */
const doorPlaces = 2048;

const day = 86_400;

/** Each pod has an address of its own; only who is nobody's pod comes from the one of a gateway. */
const addressOf = ({ facts: { pod } }: Caller) => pod?.uid ?? 'gateway';

/** The same numbers at every run. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * A replica in slow motion: one queue for its CPU, the door's places, and the gate before the costly part; and agents
 * that retry as Istio's does (contract §3.6): five attempts 100, 200, 400 and 800 ms apart, ±10 %, and above them for
 * ever 500 ms growing by 1.5 to 60 s, ±50 %.
 */
export class Storm {
  readonly timeline = new Timeline();
  readonly refusals = new Map<string, number>();
  readonly #gate: Gate;
  readonly #dial: Dial;
  readonly #start: number;
  readonly #random: () => number;
  readonly #door = new Workplaces(doorPlaces);
  #busyUntil = 0;

  constructor(gate: Gate, dial: Dial, seed = 1) {
    this.#gate = gate;
    this.#dial = dial;
    this.#start = dial.ms;
    this.#random = chance(seed);
  }

  /** A pod that begins at `at`; `served` hears when it has its certificate and how many attempts it took. */
  pod(caller: Caller, at: number, served: (at: number, attempts: number) => void): void {
    let attempts = 0;
    const series = (outer: number) => {
      const attempt = (inner: number) => {
        attempts++;
        this.call(caller, (issued) => {
          const { now } = this.timeline;
          if (issued) served(now, attempts);
          else if (inner < 4)
            this.timeline.schedule(now + this.#around(100 * 2 ** inner, 0.1), () => attempt(inner + 1));
          else
            this.timeline.schedule(now + this.#around(Math.min(500 * 1.5 ** outer, 60_000), 0.5), () =>
              series(outer + 1),
            );
        });
      };
      attempt(0);
    };
    this.timeline.schedule(at, () => series(0));
  }

  /** Somebody without manners: `streams` calls at a time, the next 5 ms after one is answered, until `until`. */
  loop(callerOfCall: (call: number) => Caller, streams: number, until: number, issued: () => void): void {
    let calls = 0;
    const again = () => {
      this.call(callerOfCall(calls++), (got) => {
        if (got) issued();
        if (this.timeline.now < until) this.timeline.schedule(this.timeline.now + 5, again);
      });
    };
    for (let stream = 0; stream < streams; stream++) this.timeline.schedule(0, again);
  }

  call(caller: Caller, answer: (issued: boolean) => void): void {
    const address = addressOf(caller);
    if (!this.#door.take(address)) this.#refuse('door', answer);
    else {
      this.#compute(proving, () =>
        this.#enter(caller, (issued) => {
          this.#door.free(address);
          answer(issued);
        }),
      );
    }
  }

  #enter(caller: Caller, answer: (issued: boolean) => void): void {
    this.#dial.ms = this.#start + this.timeline.now;
    const seconds = Math.floor(this.#dial.ms / 1000);
    try {
      const place = this.#gate.enter(caller);
      this.#compute(making, () => {
        place.issued({ notBefore: seconds, notAfter: seconds + day });
        answer(true);
      });
    } catch (thrown) {
      this.#refuse(String(asRefusal(thrown).detail.limit), answer);
    }
  }

  #refuse(why: string, answer: (issued: boolean) => void): void {
    this.refusals.set(why, (this.refusals.get(why) ?? 0) + 1);
    answer(false);
  }

  #compute(ms: number, done: () => void): void {
    this.#busyUntil = Math.max(this.#busyUntil, this.timeline.now) + ms;
    this.timeline.schedule(this.#busyUntil, done);
  }

  #around(ms: number, spread: number): number {
    return ms * (1 + spread * (2 * this.#random() - 1));
  }
}
