import { Refusal } from '#refusal/refusal.ts';
import { KeyStoreError } from '../key-store-error.ts';

/** A logged-in session and what was looked up in it. */
export interface Seat {
  close(): void;
}

export interface PoolLimits {
  /** Sessions, and so signatures at the same time. */
  readonly sessions: number;
  /** Signatures that may wait for a session; one more is refused at once. */
  readonly waiting: number;
  /** ms that a signature may take, waiting included. */
  readonly timeout: number;
  /** ms between attempts to open a session while the token does not answer. */
  readonly retryAfter: number;
}

export const defaultPoolLimits: PoolLimits = { sessions: 4, waiting: 1024, timeout: 10_000, retryAfter: 1000 };

/** What a pool tells of its token: for the record and for readiness. */
export type PoolEvent =
  | { readonly type: 'hsm.lost'; readonly cause: KeyStoreError }
  | { readonly type: 'hsm.recovered' };

interface Task<Held extends Seat> {
  readonly since: number;
  readonly run: (seat: Held) => Promise<void>;
  readonly fail: (why: Error) => void;
}

/**
 * Sessions with a token, opened when needed and replaced when lost. A wrong or locked PIN ends all attempts: trying
 * again would lock the token.
 */
export class SessionPool<Held extends Seat> {
  readonly #open: () => Held;
  readonly #limits: PoolLimits;
  readonly #now: () => number;
  readonly #onEvent: (event: PoolEvent) => void;
  readonly #free: Held[] = [];
  readonly #waiting: Task<Held>[] = [];
  readonly #running = new Set<Task<Held>>();
  #opened = 0;
  #lost: { readonly cause: KeyStoreError; readonly at: number } | undefined;
  #watch: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  /** `now` in ms from any start. */
  constructor(
    open: () => Held,
    limits: PoolLimits,
    onEvent: (event: PoolEvent) => void = () => {},
    now: () => number = () => performance.now(),
  ) {
    this.#open = open;
    this.#limits = limits;
    this.#onEvent = onEvent;
    this.#now = now;
  }

  /** Opens one session now, so that a wrong PIN or a missing key shows at start. Throws KeyStoreError. */
  prove(): Held {
    const seat = this.#open();
    this.#opened++;
    this.#free.push(seat);
    return seat;
  }

  /** Why the token cannot be used at present; undefined while it can. */
  get lost(): KeyStoreError | undefined {
    return this.#lost?.cause;
  }

  /**
   * `use` with a session of its own, once more with a new one if that was lost under it. Rejects with Refusal
   * `signer.unavailable`.
   */
  run<Result>(use: (seat: Held) => Promise<Result>): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      const fail = (why: Error) => reject(unavailable(why));
      const run = (seat: Held) => this.#attempt(use, seat).then(resolve, fail);
      this.#enqueue({ since: this.#now(), run, fail });
    });
  }

  #enqueue(task: Task<Held>): void {
    if (this.#closed) task.fail(new KeyStoreError('session-lost', 'the signer is closed'));
    else if (this.#waiting.length >= this.#limits.waiting) {
      task.fail(new KeyStoreError('busy', `${this.#limits.waiting} signatures already wait for the token`));
    } else {
      this.#waiting.push(task);
      this.#serve();
    }
  }

  #serve(): void {
    while (this.#waiting.length > 0) {
      const seat = this.#takeSeat();
      const task = seat && this.#waiting.shift();
      if (seat === undefined || task === undefined) return;
      this.#start(task, seat);
    }
  }

  #start(task: Task<Held>, seat: Held): void {
    this.#running.add(task);
    this.#watch ??= setInterval(() => this.#expire(), Math.min(1000, this.#limits.timeout)).unref();
    void task.run(seat).finally(() => {
      this.#running.delete(task);
      this.#serve();
    });
  }

  /** A free or new session; undefined when all are in use. Where none can be opened, those who wait hear it at once. */
  #takeSeat(): Held | undefined {
    const free = this.#free.pop();
    if (free !== undefined || this.#opened >= this.#limits.sessions) return free;
    try {
      return this.#openAnother();
    } catch (thrown) {
      const cause =
        thrown instanceof KeyStoreError ? thrown : new KeyStoreError('token', 'no session', { cause: thrown });
      // A token with fewer sessions than asked for still serves with those it gave.
      if (cause.code === 'busy' && this.#opened > 0) return undefined;
      for (const task of this.#waiting.splice(0)) task.fail(cause);
      return undefined;
    }
  }

  #openAnother(): Held {
    const lost = this.#lost;
    if (lost !== undefined && (isFinal(lost.cause) || this.#now() - lost.at < this.#limits.retryAfter))
      throw lost.cause;
    try {
      const seat = this.#open();
      this.#opened++;
      if (lost !== undefined) this.#recovered();
      return seat;
    } catch (thrown) {
      if (thrown instanceof KeyStoreError && !(thrown.code === 'busy' && this.#opened > 0)) this.#lose(thrown);
      throw thrown;
    }
  }

  async #attempt<Result>(use: (seat: Held) => Promise<Result>, seat: Held, isLast = false): Promise<Result> {
    try {
      const result = await use(seat);
      this.#give(seat);
      return result;
    } catch (thrown) {
      // Also after any other error: a session can be left in the middle of an operation (SoftHSM does that).
      this.#drop(seat);
      if (isLast && thrown instanceof KeyStoreError) this.#lose(thrown);
      if (isLast || !(thrown instanceof KeyStoreError) || thrown.code !== 'session-lost') throw thrown;
      // The others were lost with it more often than not; each would cost one failed signature to find out.
      for (const idle of this.#free.splice(0)) this.#drop(idle);
      this.#lose(thrown, -Infinity);
      return this.#attempt(use, this.#openAnother(), true);
    }
  }

  #give(seat: Held): void {
    if (this.#closed) this.#drop(seat);
    else this.#free.push(seat);
  }

  #drop(seat: Held): void {
    this.#opened--;
    seat.close();
  }

  /** Told once per loss. `at` is when the last attempt to open was made. */
  #lose(cause: KeyStoreError, at = this.#now()): void {
    const known = this.#lost;
    if (known !== undefined && isFinal(known.cause)) return;
    this.#lost = { cause, at };
    if (known === undefined) this.#onEvent({ type: 'hsm.lost', cause });
    this.#retryLater(cause);
  }

  /** Whoever is not ready is asked for no signature: without a try of its own the pool would never find out. */
  #retryLater(cause: KeyStoreError): void {
    if (this.#closed || this.#retry !== undefined || isFinal(cause)) return;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      if (this.#closed || this.#lost === undefined) return;
      try {
        if (this.#opened < this.#limits.sessions) this.#give(this.#openAnother());
      } catch {
        // Still away; that is known.
      }
      if (this.#lost !== undefined) this.#retryLater(this.#lost.cause);
    }, this.#limits.retryAfter).unref();
  }

  #recovered(): void {
    this.#lost = undefined;
    this.#onEvent({ type: 'hsm.recovered' });
  }

  /** A call into the module cannot be cancelled: its session stays taken until it returns, but nobody waits for it. */
  #expire(): void {
    const before = this.#now() - this.#limits.timeout;
    const why = new KeyStoreError('busy', `the token did not sign within ${this.#limits.timeout} ms`);
    while ((this.#waiting[0]?.since ?? Infinity) <= before) this.#waiting.shift()?.fail(why);
    for (const task of this.#running) if (task.since <= before) task.fail(why);
    if (this.#running.size > 0) return;
    clearInterval(this.#watch);
    this.#watch = undefined;
  }

  /** Refuses what waits, closes what is free; sessions in use close when their signature is done. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    for (const task of this.#waiting.splice(0)) task.fail(new KeyStoreError('session-lost', 'the signer is closed'));
    for (const seat of this.#free.splice(0)) this.#drop(seat);
  }
}

const isFinal = ({ code }: KeyStoreError) => code === 'wrong-pin' || code === 'pin-locked';

function unavailable(cause: Error): Refusal {
  if (cause instanceof Refusal) return cause;
  const code = cause instanceof KeyStoreError ? cause.code : 'internal';
  return new Refusal('signer.unavailable', 'the CA key cannot sign at the moment', { code }, { cause });
}
