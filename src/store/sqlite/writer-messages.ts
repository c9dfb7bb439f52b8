import type { StoreErrorCode } from '../store-error.ts';
import type { Head } from './stored-tree.ts';

/** What passes between the event loop and the thread that writes the log. */
export interface WriterData {
  readonly database: string;
  readonly lock: string;
  readonly origin: string;
}

export type ToWriter =
  | { readonly kind: 'commit'; readonly batch: ArrayBuffer; readonly now: number }
  | { readonly kind: 'close' };

export type FromWriter =
  | { readonly kind: 'opened'; readonly head: Head }
  | { readonly kind: 'refused'; readonly problem: StoreProblem }
  | { readonly kind: 'committed'; readonly head: Head }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'closed' };

/** A StoreError in transit: classes do not survive the way between threads. */
export interface StoreProblem {
  readonly code: StoreErrorCode;
  readonly message: string;
  readonly index: number | undefined;
}
