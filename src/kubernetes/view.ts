/** All objects of one kind as the API server last told of them, kept up by a watch. Answers from memory. */
export interface View<T> {
  /** Undefined when there is none, as far as is known. `namespace` is empty for what is cluster-scoped. */
  get(namespace: string, name: string): T | undefined;
  all(): Iterable<T>;
  /** True from the first whole list on. */
  readonly synced: boolean;
  /** ms since the epoch of the last event, bookmark, whole list or answer that there is nothing new; 0 before the first. */
  readonly lastContact: number;
  /** Why the last attempt to follow them failed; undefined while all is well. */
  readonly fault?: string | undefined;
}
