import type { LiveIssuers } from '#authority/issuers.ts';
import type { IssuanceObserver, IssuanceOutcome } from '#issuance/observer.ts';
import type { Attempt } from '#issuance/request.ts';

/** ms between two renewals for this reason: an issuer that goes on sending rubbish is not asked more often. */
const restMs = 30_000;

/**
 * Chains that do not end in the roots which the default issuer named. It may stand under others by now, and names them
 * beside a certificate of our own: that is renewed at once then, rather than at its time.
 */
export class RootDoubts implements IssuanceObserver {
  readonly #issuers: LiveIssuers;
  readonly #now: () => number;
  #renew: () => void = () => {};
  #last = Number.NEGATIVE_INFINITY;

  constructor(issuers: LiveIssuers, now: () => number) {
    this.#issuers = issuers;
    this.#now = now;
  }

  /** `renew` is called where there is doubt from now on. */
  follow(renew: () => void): void {
    this.#renew = renew;
  }

  ended(_: Attempt, { refusal }: IssuanceOutcome): void {
    if (refusal?.code !== 'profile.lint' || refusal.detail.field !== 'chain') return;
    const issuer = this.#issuers.get(undefined);
    if (issuer.way !== 'relay' || issuer.rootsFrom !== 'issuer' || this.#now() - this.#last < restMs) return;
    this.#last = this.#now();
    this.#renew();
  }
}
