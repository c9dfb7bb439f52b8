import type { PermitTerms } from '#policy/permit.ts';
import type { PolicyRate } from '#policy/rate.ts';
import { Refusal } from '#refusal/refusal.ts';
import { Pace } from './pace.ts';

/** Buckets that are remembered; past it the one that was taken from least lately gives way. */
const mostBuckets = 65_536;

/** What a certificate has taken from the buckets of its policy. */
export interface Paid {
  /** Nothing was issued for it. */
  refund(): void;
}

const nothing: Paid = { refund: () => undefined };

/**
 * How many certificates each policy has given lately, and to whom. Asked between the permit and the signature, since only
 * then it is known which policy decides; a bucket that is not remembered is full.
 */
export class PolicyPaces {
  /** When a bucket is full again, ms; those that were taken from least lately first. */
  readonly #fullAt = new Map<string, number>();
  readonly #most: number;

  constructor(most = mostBuckets) {
    this.#most = most;
  }

  /** `now` in ms, on a clock that does not go back. Throws Refusal `rate.exceeded`; nothing is charged then. */
  charge({ rates, policy, identity }: PermitTerms, now: number): Paid {
    if (rates === undefined) return nothing;
    const { limits, namespace } = rates;
    const wanted = [
      bucket(policy, 'all together', 'total', limits.total),
      bucket(policy, `namespace ${namespace ?? 'none'}`, 'perNamespace', limits.perNamespace),
      bucket(policy, identity, 'perIdentity', limits.perIdentity),
    ].flatMap((each) => each ?? []);
    for (const { key, pace, who, field, rate } of wanted) {
      if (pace.allows(this.#fullAt.get(key) ?? 0, now, true)) continue;
      const sentence = `policy "${policy}" gives ${who} ${rate.burst} certificates in ${seconds(rate)} (rate.${field}); try again later`;
      throw new Refusal('rate.exceeded', sentence, { limit: 'policy', policy });
    }
    for (const { key, pace } of wanted) this.#set(key, pace.charged(this.#fullAt.get(key) ?? 0, now));
    return {
      refund: () => {
        for (const { key, pace } of wanted) {
          const fullAt = this.#fullAt.get(key);
          if (fullAt !== undefined) this.#fullAt.set(key, pace.refunded(fullAt));
        }
      },
    };
  }

  #set(key: string, fullAt: number): void {
    this.#fullAt.delete(key);
    this.#fullAt.set(key, fullAt);
    const [first] = this.#fullAt.keys();
    if (this.#fullAt.size > this.#most && first !== undefined) this.#fullAt.delete(first);
  }
}

function bucket(policy: string, who: string, field: string, rate: PolicyRate | undefined) {
  if (rate === undefined) return undefined;
  // another rate under the same name is another bucket
  const key = `${policy}\n${field}\n${rate.burst}/${rate.perSecond}\n${who}`;
  return { key, who, field, rate, pace: new Pace(rate, 0) };
}

const seconds = ({ burst, perSecond }: PolicyRate) => `${Math.round(burst / perSecond)} s`;
