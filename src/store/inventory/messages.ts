import type { Answer } from '#audit/questions/answer.ts';
import type { Asked } from '#audit/questions/ask.ts';
import type { CertificateName, Listed, ListFilter } from './questions.ts';

/** What passes between the event loop and the inventory's thread. */
export interface InventoryData {
  readonly file: string;
  readonly origin: string;
  /** ms between looks while issuance goes first, or after a step that failed. */
  readonly interval: number;
}

export type InventoryQuestion =
  /** The log has grown; nothing is answered. */
  | { readonly kind: 'grown' }
  | { readonly kind: 'find'; readonly name: CertificateName }
  | { readonly kind: 'list'; readonly filter: ListFilter }
  | { readonly kind: 'ask'; readonly asked: Asked }
  | { readonly kind: 'position' }
  | { readonly kind: 'close' };

export type InventoryAnswer =
  | { readonly kind: 'found'; readonly indexes: readonly number[] }
  | ({ readonly kind: 'listed' } & Listed)
  | { readonly kind: 'answered'; readonly answer: Answer }
  | { readonly kind: 'position'; readonly position: number }
  | { readonly kind: 'done' };
