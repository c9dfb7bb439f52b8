import type { FairnessLimits } from '#issuance/fairness/limits.ts';

/** Limits that no test meets unless it lowers one of them. */
export const generous: FairnessLimits = {
  inWork: 1024,
  keptForRenewals: 0.25,
  cluster: { perSecond: 100_000, burst: 1_000_000 },
  namespace: { perSecond: 100_000, burst: 1_000_000 },
  serviceAccount: { perSecond: 100_000, burst: 1_000_000 },
  node: { perSecond: 100_000, burst: 1_000_000 },
};
