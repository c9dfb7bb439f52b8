import type { CryptoKey } from 'jose';
import type { Clock } from '#issuance/ports.ts';
import { Refusal } from '#refusal/refusal.ts';
import { JsonWebKeySet } from './jwks.ts';
import type { KeySource } from './key-source.ts';
import type { TokenAlgorithm } from './token-algorithm.ts';

/** ms for which keys that can no longer be refreshed still count, unless their source says otherwise. */
const usualStaleMs = 60 * 60_000;
/** ms between attempts while the source is down. */
const retryMs = 2000;

interface Loaded {
  readonly set: JsonWebKeySet;
  readonly at: number;
}

/**
 * An issuer's keys over time. One reading at a time, whoever asks; a token with an unknown key id causes at most one
 * per cooldown; keys stay in use for an hour while their source is down, and then authentication is unavailable.
 */
export class KeyRing {
  readonly #source: KeySource;
  readonly #clock: Clock;
  #loaded: Loaded | undefined;
  #reading: Promise<void> | undefined;
  #lastAttempt = Number.NEGATIVE_INFINITY;
  #lastFault: string | undefined;
  readonly #staleMs: number;

  constructor(source: KeySource, clock: Clock) {
    this.#source = source;
    this.#staleMs = source.staleMs ?? usualStaleMs;
    this.#clock = clock;
  }

  /** Why the source could not be read the last time; undefined when it could. */
  get fault(): string | undefined {
    return this.#lastFault;
  }

  /** True when the keys are due for a look, or the last one failed. */
  get due(): boolean {
    const { refreshMs } = this.#source;
    return this.#lastFault !== undefined || this.#loaded === undefined || this.#since(this.#loaded.at) >= refreshMs;
  }

  /** Reads the keys now. Never rejects: the outcome is in `fault`. */
  refresh(): Promise<void> {
    return this.#read();
  }

  /** Throws Refusal `authn.failed` when the issuer publishes no such key, `authn.unavailable` when it cannot be asked. */
  async key(kid: string | undefined, algorithm: TokenAlgorithm, signal: AbortSignal): Promise<CryptoKey> {
    const found = await this.find(kid, algorithm, signal);
    if (found === undefined) throw new Refusal('authn.failed', `the issuer has no key for ${nameOf(kid)} ${algorithm}`);
    if (found === 'ambiguous') {
      throw new Refusal('authn.failed', `the issuer has several keys for ${nameOf(kid)} ${algorithm}`);
    }
    return found;
  }

  /** As `key`, for those who can do something where there is none, or none that is the only one. */
  async find(
    kid: string | undefined,
    algorithm: TokenAlgorithm,
    signal: AbortSignal,
  ): Promise<CryptoKey | 'ambiguous' | undefined> {
    const loaded = await this.#current(signal);
    let found = loaded.set.find(kid, algorithm);
    if (found === undefined && this.#mayLookAgain()) {
      await until(this.#read(), signal);
      found = this.#loaded?.set.find(kid, algorithm);
    }
    if (found === undefined && this.#lastFault !== undefined) this.#unavailable();
    if (found === undefined || found === 'ambiguous') return found;
    return found.catch((cause: unknown) => {
      throw new Refusal('authn.failed', `the issuer's key ${nameOf(kid)} cannot be used`, {}, { cause });
    });
  }

  async #current(signal: AbortSignal): Promise<Loaded> {
    const before = this.#loaded;
    const age = before === undefined ? Number.POSITIVE_INFINITY : this.#since(before.at);
    if (before !== undefined && age < this.#source.refreshMs) return before;
    const reading = this.#mayRetry() ? this.#read() : undefined;
    // keys that are merely due for a look serve on while it is taken
    if (before !== undefined && age < this.#staleMs) return before;
    if (reading !== undefined) await until(reading, signal);
    const after = this.#loaded;
    return after === undefined || this.#since(after.at) >= this.#staleMs ? this.#unavailable() : after;
  }

  /** ms. A time that is yet to come is from before the clock was set back: as old as it seems new. */
  #since(time: number): number {
    return Math.abs(this.#clock.now() - time);
  }

  #mayLookAgain(): boolean {
    return this.#reading !== undefined || this.#since(this.#lastAttempt) >= this.#source.cooldownMs;
  }

  #mayRetry(): boolean {
    const wait = this.#lastFault === undefined ? 0 : retryMs;
    return this.#reading !== undefined || this.#since(this.#lastAttempt) >= wait;
  }

  /** Never rejects: the outcome is in `#loaded` and `#lastFault`. */
  #read(): Promise<void> {
    this.#reading ??= this.#readOnce().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readOnce(): Promise<void> {
    this.#lastAttempt = this.#clock.now();
    try {
      const set = new JsonWebKeySet(await this.#source.read());
      this.#loaded = { set, at: this.#clock.now() };
      this.#lastFault = undefined;
    } catch (thrown) {
      this.#lastFault = thrown instanceof Error ? thrown.message : String(thrown);
    }
  }

  #unavailable(): never {
    throw new Refusal('authn.unavailable', `the keys of ${this.#source.place} cannot be read: ${this.#lastFault}`);
  }
}

/** A key id is the asker's text: quoted, and cut. */
function nameOf(kid: string | undefined): string {
  return kid === undefined ? 'a token without kid,' : `kid ${JSON.stringify(kid.slice(0, 64))},`;
}

/** Waits for shared work without tying that work to this one caller. Rejects with the Refusal that `signal` carries. */
function until(work: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () =>
      reject(signal.reason instanceof Refusal ? signal.reason : new Refusal('cancelled', 'the caller went away'));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(() => {
      signal.removeEventListener('abort', abort);
      resolve();
    }, reject);
  });
}
