import type { StoreProblem } from '../store-error.ts';
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
