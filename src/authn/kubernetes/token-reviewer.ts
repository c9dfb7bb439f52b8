import { ApiError, type KubernetesApi, type KubernetesObject } from '#kubernetes/api.ts';
import { Refusal } from '#refusal/refusal.ts';
import type { Doubt, TokenObserver } from './observer.ts';
import type { ProvenToken, TokenProver } from './proven-token.ts';
import { readReview, reviewOf } from './review-answer.ts';
import type { TokenRules } from './token-rules.ts';

export interface ReviewOptions {
  readonly api: KubernetesApi;
  readonly rules: TokenRules;
  /** ms until a review is given up. */
  readonly timeoutMs: number;
  /** Reviews of this cluster at the same time: a slow one must not take every place at the door. */
  readonly maxInFlight: number;
  readonly observer: TokenObserver;
}

/** Asks the API server about every token. It learns of a deleted pod within its own cache of 10 s. */
export class TokenReviewer implements TokenProver {
  readonly #options: ReviewOptions;
  #inFlight = 0;

  /** Throws on options that would let anybody pass. */
  constructor(options: ReviewOptions) {
    if (options.rules.audiences.length === 0) throw new Error('no audience for Kubernetes tokens');
    this.#options = options;
  }

  prove(token: string, signal: AbortSignal): Promise<ProvenToken> {
    return this.review(token, 'mode', signal);
  }

  /** `why` is counted. Throws as `prove`. */
  async review(token: string, why: Doubt | 'mode', signal: AbortSignal): Promise<ProvenToken> {
    const { maxInFlight, observer, rules } = this.#options;
    if (this.#inFlight >= maxInFlight) throw new Refusal('overload', 'too many token reviews are under way');
    this.#inFlight++;
    try {
      const proven = readReview(await this.#ask(token, signal), token, rules);
      observer.reviewed(why, 'proven');
      return proven;
    } catch (thrown) {
      const failed = thrown instanceof Refusal && thrown.code === 'authn.failed';
      observer.reviewed(why, failed ? 'refused' : 'unavailable');
      throw thrown;
    } finally {
      this.#inFlight--;
    }
  }

  async #ask(token: string, signal: AbortSignal): Promise<KubernetesObject> {
    try {
      return await this.#options.api.ask({
        method: 'POST',
        path: '/apis/authentication.k8s.io/v1/tokenreviews',
        repeatable: true,
        body: reviewOf(token, this.#options.rules),
        timeoutMs: this.#options.timeoutMs,
        signal,
      });
    } catch (thrown) {
      throw unavailable(thrown, 'the API server cannot review the token', signal);
    }
  }
}

/** Whatever the API server answers to us, the caller is not to blame for. */
export function unavailable(thrown: unknown, sentence: string, signal: AbortSignal): unknown {
  if (signal.aborted)
    return signal.reason instanceof Refusal ? signal.reason : new Refusal('cancelled', 'the caller went away');
  if (!(thrown instanceof ApiError)) return thrown;
  return new Refusal(
    'authn.unavailable',
    `${sentence}: ${thrown.message}`,
    { status: thrown.status },
    { cause: thrown },
  );
}
