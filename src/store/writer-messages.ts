import type { PlacedDisclosure } from '#audit/disclosure.ts';
import type { Head } from './head.ts';
import type { StoreProblem } from './store-error.ts';

/** What passes between the event loop and the thread that writes the log. */
export type ToWriter =
  | {
      readonly kind: 'commit';
      readonly batch: ArrayBuffer;
      readonly now: number;
      /** Counted from the batch's first record; absent where there are none. */
      readonly disclosures?: readonly PlacedDisclosure[];
    }
  /** Removes a part of the bodies that the record drops: of an engine whose writer does that. */
  | { readonly kind: 'drop'; readonly record: number }
  /** Erases the disclosures that the record names: of the same. */
  | { readonly kind: 'erase'; readonly record: number }
  | { readonly kind: 'close' };

export type FromWriter =
  | { readonly kind: 'opened'; readonly head: Head }
  | { readonly kind: 'refused'; readonly problem: StoreProblem }
  | ({ readonly kind: 'committed' } & Committed)
  /** Whether there is more to be removed. Disclosures go all at once. */
  | { readonly kind: 'dropped'; readonly more: boolean }
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
