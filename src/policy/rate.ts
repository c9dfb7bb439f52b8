import { parseDuration } from '#document/scalars.ts';
import type { PolicySpec } from './document.ts';

/** A token bucket: `burst` certificates at once, `perSecond` in the long run. */
export interface PolicyRate {
  readonly burst: number;
  readonly perSecond: number;
}

/** How many certificates a policy gives, in a time, to whom. */
export interface PolicyRates {
  /** To all together whose requests it decides. */
  readonly total?: PolicyRate;
  readonly perNamespace?: PolicyRate;
  readonly perIdentity?: PolicyRate;
}

type RateSpec = NonNullable<PolicySpec['rate']>;

export function ratesOf(spec: RateSpec | undefined): PolicyRates | undefined {
  if (spec === undefined) return undefined;
  const { total, perNamespace, perIdentity } = spec;
  return {
    ...(total && { total: rateOf(total) }),
    ...(perNamespace && { perNamespace: rateOf(perNamespace) }),
    ...(perIdentity && { perIdentity: rateOf(perIdentity) }),
  };
}

const rateOf = ({ burst, per }: NonNullable<RateSpec['total']>): PolicyRate => ({
  burst,
  perSecond: burst / parseDuration(per),
});
