import { hash } from 'node:crypto';

/** What a sample is drawn by: the log's signed root, and a word that whoever audits may have given. */
export interface Lot {
  /** base64, as the checkpoint has it. */
  readonly root: string;
  readonly word: string | undefined;
}

/** Records that are drawn of each query. */
export const drawn = 5;

/** SHA-256, hexadecimal, of root, name and index, a line each, and of the word where there is one: the smallest are drawn. */
export function lotOf({ root, word }: Lot, name: string, index: number): string {
  return hash('sha256', [root, name, String(index), ...(word === undefined ? [] : [word])].join('\n'), 'hex');
}

/** Keeps the few of all that are offered whose lots are smallest. */
export class Draw<Item> {
  readonly #lot: Lot;
  readonly #name: string;
  #kept: readonly { readonly index: number; readonly lot: string; readonly item: Item }[] = [];

  constructor(lot: Lot, name: string) {
    this.#lot = lot;
    this.#name = name;
  }

  offer(index: number, make: () => Item): void {
    const lot = lotOf(this.#lot, this.#name, index);
    const last = this.#kept.at(-1);
    if (this.#kept.length === drawn && last !== undefined && lot >= last.lot) return;
    this.#kept = [...this.#kept, { index, lot, item: make() }]
      .toSorted((one, other) => (one.lot < other.lot ? -1 : 1))
      .slice(0, drawn);
  }

  /** By leaf index. */
  get items(): readonly Item[] {
    return this.#kept.toSorted((one, other) => one.index - other.index).map(({ item }) => item);
  }
}
