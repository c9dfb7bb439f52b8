/** What a queue has to do at this moment. */
export interface QueueLoad {
  /** Keys that wait for their turn; not those that wait for a time to come, after a failure or because it was asked for. */
  readonly depth: number;
  /** How long the work has taken that has not ended yet, all of it together, and the longest. */
  readonly unfinishedMs: number;
  readonly longestMs: number;
}

/** Who counts what a queue does. */
export interface QueueObserver {
  /** By the queue, once: how to ask what it has to do. The function given back is called when the queue is stopped. */
  watch(load: () => QueueLoad): () => void;
  /** A key waits for its turn that did not before. */
  added(): void;
  /** Its turn began, after this long. */
  began(waitedMs: number): void;
  ended(workedMs: number): void;
  /** The turn failed, and there will be another. */
  retried(): void;
}
