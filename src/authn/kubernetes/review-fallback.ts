import type { Clock } from '#issuance/ports.ts';
import { Refusal } from '#refusal/refusal.ts';
import type { Doubt } from './observer.ts';
import type { ProvenToken } from './proven-token.ts';
import type { TokenReviewer } from './token-reviewer.ts';

/** ms for which an API server that did not answer is left alone. */
const restMs = 5000;
/** Reviews at the same time that anybody can cause by making up a key id. */
const maxUnknownKeys = 16;

/**
 * TokenReview as the second choice. While the API server is away one caller in five seconds finds that out, and the
 * others do not wait for it.
 */
export class ReviewFallback {
  readonly #reviewer: TokenReviewer;
  readonly #clock: Clock;
  /** When it last did not answer, or was last tried since; undefined while it answers. */
  #awayAt: number | undefined;
  #unknownKeys = 0;

  constructor(reviewer: TokenReviewer, clock: Clock) {
    this.#reviewer = reviewer;
    this.#clock = clock;
  }

  /** Throws as TokenProver.prove. */
  async review(token: string, why: Doubt, signal: AbortSignal): Promise<ProvenToken> {
    if (this.#rests()) throw new Refusal('authn.unavailable', `the API server is away (${why})`);
    if (this.#awayAt !== undefined) this.#note(true);
    if (why !== 'unknown-key') return await this.#review(token, why, signal);
    if (this.#unknownKeys >= maxUnknownKeys) {
      throw new Refusal('authn.unavailable', 'too many tokens with unknown key ids are under review');
    }
    this.#unknownKeys++;
    try {
      return await this.#review(token, why, signal);
    } finally {
      this.#unknownKeys--;
    }
  }

  async #review(token: string, why: Doubt, signal: AbortSignal): Promise<ProvenToken> {
    try {
      const proven = await this.#reviewer.review(token, why, signal);
      this.#note(false);
      return proven;
    } catch (thrown) {
      if (thrown instanceof Refusal) {
        if (thrown.code === 'authn.unavailable') this.#note(true);
        if (thrown.code === 'authn.failed') this.#note(false);
      }
      throw thrown;
    }
  }

  /** A clock that was set back ends it, or it would last as long as the clock went back. */
  #rests(): boolean {
    if (this.#awayAt === undefined) return false;
    const since = this.#clock.now() - this.#awayAt;
    return since >= 0 && since < restMs;
  }

  #note(isAway: boolean): void {
    this.#awayAt = isAway ? this.#clock.now() : undefined;
  }
}
