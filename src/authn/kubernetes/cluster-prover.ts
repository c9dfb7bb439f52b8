import type { Clock } from '#issuance/ports.ts';
import type { KubernetesApi } from '#kubernetes/api.ts';
import type { View } from '#kubernetes/view.ts';
import { KeyRing } from '../oidc/key-ring.ts';
import { ApiServerKeys } from './api-server-keys.ts';
import { BoundObjects } from './bound-objects.ts';
import { LocalProver } from './local-prover.ts';
import { type BoundViews, readPod } from './object-facts.ts';
import type { TokenObserver } from './observer.ts';
import { type ProvenToken, refuseToken, type TokenProver } from './proven-token.ts';
import { ReviewFallback } from './review-fallback.ts';
import { TokenReviewer } from './token-reviewer.ts';
import type { TokenRules } from './token-rules.ts';
import { TokenVerifier } from './token-verifier.ts';

export interface ClusterProverOptions {
  readonly api: KubernetesApi;
  readonly rules: TokenRules;
  readonly clock: Clock;
  readonly observer: TokenObserver;
  /** ms until one question to the API server is given up. */
  readonly timeoutMs: number;
  /** Token reviews of this cluster at the same time. */
  readonly maxReviews: number;
  /** Absent: every token is reviewed by the API server. */
  readonly local?: LocalMode;
}

export interface LocalMode {
  readonly views: BoundViews;
  /** ms without a word from a watch after which the API server is asked. */
  readonly staleAfterMs: number;
  /** ms without a word after which, the API server being away, nobody is proven any more. */
  readonly serveForMs: number;
  /** Accepted `iss` besides the one that the API server publishes. */
  readonly issuers: readonly string[];
  readonly foreignTokens: 'refuse' | 'review';
}

/** Proves the tokens of one cluster, by its API server's word or by what it publishes. */
export class ClusterProver implements TokenProver {
  readonly #prover: TokenProver;
  readonly #views: BoundViews | undefined;
  readonly #objects: BoundObjects | undefined;
  readonly #keys: KeyRing | undefined;
  readonly #source: ApiServerKeys | undefined;

  constructor({ local, maxReviews, ...options }: ClusterProverOptions) {
    const reviewer = new TokenReviewer({ ...options, maxInFlight: maxReviews });
    if (local === undefined) {
      this.#prover = reviewer;
      return;
    }
    const { views, serveForMs, issuers, ...rest } = local;
    const { clock, observer, rules } = options;
    const source = new ApiServerKeys({ ...options, staleMs: serveForMs, issuers });
    const keys = new KeyRing(source, clock);
    const objects = new BoundObjects({ ...options, views, readPod, refuse: refuseToken });
    this.#views = views;
    this.#objects = objects;
    this.#source = source;
    this.#keys = keys;
    this.#prover = new LocalProver({
      verifier: new TokenVerifier({ keys, source, rules, clock }),
      objects,
      fallback: new ReviewFallback(reviewer, clock),
      serveForMs,
      observer,
      ...rest,
    });
  }

  prove(token: string, signal: AbortSignal): Promise<ProvenToken> {
    return this.#prover.prove(token, signal);
  }

  /** To be called every few seconds: a key that was withdrawn must not serve on for want of callers. Never rejects. */
  async refreshKeys(): Promise<void> {
    if (this.#keys?.due === true) await this.#keys.refresh();
  }

  /** ms since the quietest watch was heard of; Infinity before the first lists are whole, 0 where nothing is watched. */
  get silentMs(): number {
    return this.#objects?.silentMs ?? 0;
  }

  /** What must be there before the first caller can be proven without a question, and is not. From memory. */
  get awaits(): string | undefined {
    if (this.#views === undefined) return undefined;
    const { pods, serviceaccounts, nodes } = this.#views;
    for (const [kind, view] of Object.entries({ pods, serviceaccounts, nodes })) {
      if (!view.synced) return awaitedList(kind, view);
    }
    if (this.#source?.issuers.length === 0)
      return `the keys of its tokens could not be read: ${this.#keys?.fault ?? ''}`;
    return undefined;
  }
}

/** `fault` names what was asked of the API server and its answer: a missing right is read off there. */
export function awaitedList(kind: string, { fault }: Pick<View<unknown>, 'fault'>): string {
  return `the first list of ${kind} is not there${fault === undefined ? '' : `: ${fault}`}`;
}
