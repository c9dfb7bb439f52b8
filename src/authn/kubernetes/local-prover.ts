import { Refusal, type RefusalCode } from '#refusal/refusal.ts';
import type { BoundObjects } from './bound-objects.ts';
import type { TokenObserver } from './observer.ts';
import { type ProvenToken, refuseToken, type TokenProver } from './proven-token.ts';
import type { ReviewFallback } from './review-fallback.ts';
import { credentialOf } from './token-claims.ts';
import type { TokenVerifier, VerifiedToken } from './token-verifier.ts';

export interface LocalOptions {
  readonly verifier: TokenVerifier;
  readonly objects: BoundObjects;
  readonly fallback: ReviewFallback;
  /** ms without a word from a watch after which the API server is asked. */
  readonly staleAfterMs: number;
  /** ms without a word after which, the API server being away, nobody is proven any more. */
  readonly serveForMs: number;
  /** `refuse`, or have the API server `review` what is no service-account token of this cluster's issuer. */
  readonly foreignTokens: 'refuse' | 'review';
  readonly observer: TokenObserver;
}

/**
 * Proves a token without the API server: its signature, its claims, and that what it is bound to is still in the watch
 * (contract §5.3). The API server is asked where that does not tell, and only there.
 */
export class LocalProver implements TokenProver {
  readonly #options: LocalOptions;

  constructor(options: LocalOptions) {
    this.#options = options;
  }

  async prove(token: string, signal: AbortSignal): Promise<ProvenToken> {
    const { verifier, objects, fallback, staleAfterMs, foreignTokens } = this.#options;
    const verified = await verifier.verify(token, signal);
    if (verified === 'foreign-token' && foreignTokens === 'refuse') {
      refuseToken("it is no service-account token of this cluster's issuer");
    }
    if (typeof verified === 'string') return await fallback.review(token, verified, signal);
    if (objects.silentMs > staleAfterMs) return await this.#proveStale(token, verified, signal);
    const stands = await objects.stand(verified.claims, 'ask');
    return stands ? proven(verified) : await fallback.review(token, 'live-get', signal);
  }

  /** The view may be wrong: the API server first; it being away, the view for as long as that is allowed. */
  async #proveStale(token: string, verified: VerifiedToken, signal: AbortSignal): Promise<ProvenToken> {
    const { objects, fallback, serveForMs, observer } = this.#options;
    try {
      return await fallback.review(token, 'stale-view', signal);
    } catch (thrown) {
      if (!(thrown instanceof Refusal) || !cannotTell.has(thrown.code)) throw thrown;
      if (objects.silentMs > serveForMs || !(await objects.stand(verified.claims, 'leave'))) throw thrown;
      observer.servedStale();
      return proven(verified);
    }
  }
}

/** The review did not take place: that says nothing of the token. */
const cannotTell: ReadonlySet<RefusalCode> = new Set(['authn.unavailable', 'overload']);

function proven({ claims, kid, audiences }: VerifiedToken): ProvenToken {
  const { namespace, serviceAccount, pod, node } = claims;
  return {
    namespace,
    serviceAccount: serviceAccount.name,
    serviceAccountUid: serviceAccount.uid,
    ...(pod && { pod }),
    ...(node && { node: node.name, nodeUid: node.uid }),
    audiences,
    credential: credentialOf(claims, kid),
  };
}
