import { type ApiError, malformed } from './api.ts';
import { BackOff } from './back-off.ts';
import type { Pace } from './pace.ts';

const backOff = { firstMs: 800, mostMs: 30_000 };
/** Where nothing is answered at all: such a server has no work from us, and is to be found soon after it comes back. */
const unansweredMs = 5000;
/** Where permission or the kind itself is missing: somebody has to do something, and that takes minutes. */
const slowMs = 30_000;
/** Refusals of one version in a row after which it is given up. */
const mostRefusals = 5;

export interface NextAttempt {
  readonly waitMs: number;
  /** The version that we have leads nowhere: the whole set must be had. */
  readonly anew: boolean;
}

/** What a reflector does after an attempt that failed: when it tries again, and how. Never gives up. */
export class Recovery {
  readonly #pace: Pace;
  readonly #backOff: BackOff;
  #streams: 'yes' | 'not now' | 'never' = 'yes';
  #beganAnew = false;
  #shutOut = false;

  constructor(pace: Pace) {
    this.#pace = pace;
    this.#backOff = new BackOff(backOff, pace);
  }

  /** Whether the whole set is to be streamed; listed otherwise. */
  get streams(): boolean {
    return this.#streams === 'yes';
  }

  /** True from a 403 or 404 until something is heard again. */
  get shutOut(): boolean {
    return this.#shutOut;
  }

  heard(): void {
    this.#shutOut = false;
    this.#beganAnew = false;
    this.#backOff.reset();
  }

  /** A set has come, one way or the other: the next may be streamed again, where the server can. */
  whole(): void {
    if (this.#streams === 'not now') this.#streams = 'yes';
  }

  /** `first`: what failed was to bring the whole set. */
  after(error: ApiError, first: boolean): NextAttempt {
    if (first && this.#streams === 'yes') {
      this.#streams = error.status === 400 || error.status === 422 ? 'never' : 'not now';
      if (this.#streams === 'never') return { waitMs: 0, anew: false };
    }
    if (error.status === 403 || error.status === 404) {
      this.#shutOut = true;
      return { waitMs: slowMs * (1 + this.#pace.random() / 2), anew: false };
    }
    const anew = this.#leadsNowhere(error);
    const atOnce = anew && !this.#beganAnew;
    if (anew) this.#beganAnew = true;
    return { waitMs: atOnce ? 0 : this.#waitAfter(error), anew };
  }

  /** ms until the next attempt, where the last one ended well but brought nothing. */
  afterNothing(): number {
    return this.#backOff.next();
  }

  #waitAfter({ status, retryAfterMs }: ApiError): number {
    return status === 0 ? this.#backOff.next(retryAfterMs, unansweredMs) : this.#backOff.next(retryAfterMs);
  }

  /** The version is too old, or what follows it can never be read, or the server says no to it again and again. */
  #leadsNowhere({ status, reason }: ApiError): boolean {
    if (status === 410 || reason === 'Expired' || reason === 'Gone' || reason === malformed) return true;
    return status >= 400 && ![401, 429, 503].includes(status) && this.#backOff.failures >= mostRefusals;
  }
}
