/** Whom a limit is about, coarsest first; `in-work` is about all together, and `policy` is the rate of a policy. */
export const limitNames = ['cluster', 'namespace', 'service-account', 'node', 'in-work', 'policy'] as const;
/** Those that the gate knows, before it is known which policy decides. */
export type LimitName = Exclude<(typeof limitNames)[number], 'policy'>;

/** A token bucket: `burst` certificates at once, `perSecond` in the long run. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

export interface FairnessLimits {
  /** Certificates in the making from which on only those below their share may begin another. */
  readonly inWork: number;
  /** Part of every burst, and of `inWork`, that only renewals may use; at least 0 and less than 1. */
  readonly keptForRenewals: number;
  readonly cluster: Rate;
  readonly namespace: Rate;
  readonly serviceAccount: Rate;
  readonly node: Rate;
}
