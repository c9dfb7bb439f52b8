import { ApiError, type KubernetesApi } from '#kubernetes/api.ts';
import type { Pace } from '#kubernetes/pace.ts';
import { reviewOf } from './review-answer.ts';
import type { TokenRules } from './token-rules.ts';

export interface ReviewRightOptions {
  readonly api: KubernetesApi;
  readonly rules: TokenRules;
  readonly pace: Pace;
  /** ms until the question is given up. */
  readonly timeoutMs: number;
  /** Hears once that the right is missing, and once that it has come. */
  readonly onTurn: (missing: string | undefined) => void;
}

/** ms between two questions, until the answer is known and good. */
const againMs = 10_000;
const longestWords = 1024;
/** What no API server ever made. */
const noToken = 'is-this-allowed';

/**
 * Whether we may have tokens reviewed at all, asked with what is no token: the first caller should not be who finds out.
 * An API server that cannot be asked says nothing of it.
 */
export class ReviewRight {
  readonly #options: ReviewRightOptions;
  #missing: string | undefined;
  #granted = false;
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(options: ReviewRightOptions) {
    this.#options = options;
  }

  /** The right that is missing, and the API server's words; undefined as long as nobody said so. From memory. */
  get missing(): string | undefined {
    return this.#missing;
  }

  /** To be called every few seconds; asks only while there is something to learn. Never rejects. */
  async look(): Promise<void> {
    const { api, rules, pace, timeoutMs } = this.#options;
    if (this.#granted || pace.elapsed() - this.#askedAt < againMs) return;
    this.#askedAt = pace.elapsed();
    const path = '/apis/authentication.k8s.io/v1/tokenreviews';
    try {
      await api.ask({ method: 'POST', path, repeatable: true, body: reviewOf(noToken, rules), timeoutMs });
      this.#granted = true;
      this.#turn(undefined);
    } catch (thrown) {
      if (!(thrown instanceof ApiError) || thrown.status !== 403) return;
      const words = `the right to create tokenreviews.authentication.k8s.io is missing: ${thrown.message}`;
      this.#turn(words.slice(0, longestWords));
    }
  }

  #turn(missing: string | undefined): void {
    const turns = (missing === undefined) !== (this.#missing === undefined);
    this.#missing = missing;
    if (turns) this.#options.onTurn(missing);
  }
}
