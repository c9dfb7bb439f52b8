import type { Cluster } from '../kubernetes/clusters.ts';

/** One cluster whose workloads are callers, at work. */
export interface OpenCluster extends Cluster {
  /** Why its callers cannot be proven yet; undefined once they can. */
  readonly awaits: string | undefined;
  /** What is under way ends with Refusal `authn.unavailable`. Never rejects. */
  close(): Promise<void>;
}
