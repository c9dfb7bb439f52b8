import type { EngineLog } from '#store/engine-log.ts';
import type { LogOptions } from '#store/log-options.ts';
import type { TreeView } from '#store/tree-view.ts';
import type { FaultyDisk } from '#test/support/faulty-disk/faulty-disk.ts';

/** Where the replicas of a stage keep their log. */
export interface Ground extends AsyncDisposable {
  /** `audit.store` of a replica's configuration; undefined for the embedded one. */
  storeOf(replica: number): unknown;
  /** What the log is on, where it can fail. */
  readonly disk: FaultyDisk | undefined;
  /** Of the environment of the replicas' servers. */
  readonly env: Readonly<Record<string, string>>;
  /** The log itself, in this process, before any server; `directory` is a replica's own. */
  open(options: LogOptions): Promise<EngineLog>;
  /** Lends the log as it stands, with nobody to mend it. */
  read<T>(use: (tree: TreeView) => Promise<T>): Promise<T>;
  /** Every entry, hash and row. */
  verify(): Promise<{ readonly size: number }>;
}
