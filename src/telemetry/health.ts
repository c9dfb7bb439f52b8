import type { Clock } from '#issuance/ports.ts';

interface CheckState {
  readonly name: string;
  readonly ok: boolean;
  /** Why not; of one that is ok, what there is to say all the same. Shown to whoever asks, so it holds no secret. */
  readonly reason?: string;
  /** When the component last spoke, ms since the epoch. */
  readonly since: number;
}

export interface HealthState {
  readonly ok: boolean;
  readonly checks: readonly CheckState[];
}

/** A component's own voice in the registry. */
export interface Check {
  /** `remark`: what an operator should know although the work goes on. */
  pass(remark?: string): void;
  fail(reason: string): void;
}

export interface CheckOptions {
  /** ms that a pass is good for: a component that falls silent longer than that is not ready. Absent: for good. */
  readonly freshForMs?: number;
}

interface Spoken {
  readonly last: CheckState;
  /** On the steady clock. */
  readonly at: number;
  readonly freshForMs: number;
}

/** Runs on when the wall clock is set back, so that silence is noticed all the same. */
const steadyClock: Clock = { now: () => performance.now() };

/**
 * Whether the server can do its work, from what its parts last said of themselves. Answering reads memory and nothing
 * else: a probe never waits on the work that it watches, and cannot add to it. A part is not ready until it says so.
 */
export class Health {
  readonly #clock: Clock;
  readonly #steady: Clock;
  readonly #checks = new Map<string, Spoken>();
  readonly #listeners: (() => void)[] = [];
  #wedged: string | undefined;
  #draining = false;

  constructor(clock: Clock, steady: Clock = steadyClock) {
    this.#clock = clock;
    this.#steady = steady;
  }

  /** Throws Error for a name that is taken. */
  register(name: string, { freshForMs = Number.POSITIVE_INFINITY }: CheckOptions = {}): Check {
    if (this.#checks.has(name)) throw new Error(`there is already a check named ${name}`);
    const tell = (ok: boolean, reason?: string) => {
      const since = this.#clock.now();
      const last = reason === undefined ? { name, ok, since } : { name, ok, since, reason };
      const before = this.#checks.get(name)?.last;
      this.#checks.set(name, { last, freshForMs, at: this.#steady.now() });
      if (before?.ok !== ok || before.reason !== reason) this.#changed();
    };
    tell(false, 'starting');
    return { pass: (remark) => tell(true, remark), fail: (reason) => tell(false, reason) };
  }

  /** From now on not ready, so that no new work is sent here; still alive. */
  drain(): void {
    this.#draining = true;
    this.#changed();
  }

  /** Something is broken that only a new process can mend: neither well nor ready, from this moment. */
  wedge(reason: string): void {
    this.#wedged = reason;
    this.#changed();
  }

  /** Calls `follow` now, and whenever a part says something else than before. */
  onChange(follow: () => void): void {
    this.#listeners.push(follow);
    follow();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }

  /** Ready: every check passed, lately enough. */
  readiness(): HealthState {
    const checks = [...this.#checks.values()].map(({ last, freshForMs, at }): CheckState => {
      const silentMs = this.#steady.now() - at;
      if (!last.ok || silentMs <= freshForMs) return last;
      return { ...last, ok: false, reason: `no word for ${Math.round(silentMs / 1000)} s` };
    });
    if (this.#wedged !== undefined) {
      checks.push({ name: 'process', ok: false, reason: this.#wedged, since: this.#clock.now() });
    }
    if (this.#draining) checks.push({ name: 'shutdown', ok: false, reason: 'draining', since: this.#clock.now() });
    return { ok: checks.length > 0 && checks.every(({ ok }) => ok), checks };
  }

  /**
   * Alive: this answer came off the event loop, which is most of the proof; the rest is that nobody has called the
   * process beyond help.
   */
  liveness(): HealthState {
    const reason = this.#wedged;
    const since = this.#clock.now();
    const loop = { name: 'event-loop', ok: true, since };
    if (reason === undefined) return { ok: true, checks: [loop] };
    return { ok: false, checks: [loop, { name: 'process', ok: false, reason, since }] };
  }
}
