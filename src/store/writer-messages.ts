import type { Head } from './head.ts';
import type { StoreProblem } from './store-error.ts';

/** What passes between the event loop and the thread that writes the log. */
export type ToWriter =
  | { readonly kind: 'commit'; readonly batch: ArrayBuffer; readonly now: number }
  | { readonly kind: 'close' };

export type FromWriter =
  | { readonly kind: 'opened'; readonly head: Head }
  | { readonly kind: 'refused'; readonly problem: StoreProblem }
  | ({ readonly kind: 'committed' } & Committed)
  /** This batch is given up, and whatever it speaks of is never released; the next one may be tried. */
  | { readonly kind: 'given-up'; readonly message: string }
  /** Nothing can be written now, or can again. */
  | { readonly kind: 'reach'; readonly problem: string | undefined }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'closed' };

/** A batch that is on stable storage. */
export interface Committed {
  /** Index of its first record. */
  readonly first: number;
  /** The tree with it, and with whatever others have written. */
  readonly head: Head;
}
