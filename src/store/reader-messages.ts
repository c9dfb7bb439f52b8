import type { DroppedRange } from '#audit/dropped.ts';
import type { DropPlan } from './drop-plan.ts';
import type { LogIdentity } from './guard.ts';
import type { Head } from './head.ts';
import type { Bodies } from './tree-view.ts';

/** What the thread that reads a log and publishes it has to know, whichever engine holds the log. */
export interface PublishData extends LogIdentity {
  readonly publicDirectory: string;
  /** The second place that keeps the last signed checkpoint. */
  readonly guard: string;
}

export type ReaderQuestion =
  /** Holds the store against the published checkpoint and the guard; said once, before anything is appended. */
  | { readonly kind: 'open' }
  /** Writes bundles and tiles of all that is durable. */
  | { readonly kind: 'tiles' }
  /** Remembers the signed checkpoint of the tiles last written, and publishes nothing. */
  | { readonly kind: 'signed'; readonly size: number; readonly note: string }
  /** Puts the signed checkpoint of the tiles last written in place. */
  | { readonly kind: 'checkpoint'; readonly size: number; readonly note: string }
  /** The tree as it is by now, whoever has let it grow. */
  | { readonly kind: 'head' }
  | { readonly kind: 'entry'; readonly index: number }
  | { readonly kind: 'entries'; readonly from: number; readonly to: number }
  | { readonly kind: 'inclusion'; readonly index: number; readonly size: number }
  | { readonly kind: 'consistency'; readonly older: number; readonly newer: number }
  /** What may be dropped of a group of bundles. */
  | { readonly kind: 'plan'; readonly group: number; readonly below: number; readonly until: number }
  /** Removes a part of what the record drops; an embedded engine's writer does that. */
  | { readonly kind: 'drop'; readonly record: number }
  | { readonly kind: 'erase'; readonly record: number }
  /** Takes a part of what was dropped from the published directory. */
  | { readonly kind: 'withdraw' }
  /** Whether this replica, of all, is the one that drops. */
  | { readonly kind: 'lead' }
  | { readonly kind: 'dropped' }
  | { readonly kind: 'close' };

/** What was found when a published directory was taken up. */
export interface TakenUp {
  /** The checkpoint that is published here, and its size: 0 where there is none. */
  readonly size: number;
  readonly note: string | undefined;
  /** The newest signed checkpoint that is known of, published or not, by whichever replica. */
  readonly signed: string | undefined;
}

export type ReaderAnswer =
  | ({ readonly kind: 'opened' } & TakenUp)
  | { readonly kind: 'tiles'; readonly size: number; readonly root: Uint8Array }
  | { readonly kind: 'head'; readonly head: Head }
  | { readonly kind: 'entries'; readonly entries: Bodies }
  | ({ readonly kind: 'planned' } & DropPlan)
  | { readonly kind: 'dropped'; readonly ranges: readonly DroppedRange[] }
  /** Whether there is more, or it is so. */
  | { readonly kind: 'more'; readonly more: boolean }
  | { readonly kind: 'hashes'; readonly hashes: readonly Uint8Array[] }
  | { readonly kind: 'done' };
