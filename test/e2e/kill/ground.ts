import type { TreeView } from '#store/tree-view.ts';

/** Where the replicas of a stage keep their log. */
export interface Ground extends AsyncDisposable {
  /** `audit.store` of a replica's configuration; undefined for the embedded one. */
  storeOf(replica: number): unknown;
  /** Lends the log as it stands, with nobody to mend it. */
  read<T>(use: (tree: TreeView) => Promise<T>): Promise<T>;
  /** Every entry, hash and row. */
  verify(): Promise<{ readonly size: number }>;
}
