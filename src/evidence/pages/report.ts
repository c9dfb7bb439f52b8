/** What is printed, whatever on. Texts may have pieces between backticks, which are code. */

export type Block =
  | { readonly block: 'heading'; readonly text: string }
  | { readonly block: 'text'; readonly text: string; readonly quiet?: true }
  | { readonly block: 'list'; readonly items: readonly string[] }
  | { readonly block: 'facts'; readonly facts: readonly (readonly [name: string, value: string])[] }
  /** Typed or copied: its lines stay as they are. */
  | { readonly block: 'code'; readonly label: string; readonly text: string }
  | Table;

export interface Table {
  readonly block: 'table';
  readonly caption: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly string[])[];
}

export interface Column {
  readonly title: string;
  readonly align?: 'right';
  /** Of the width, beside the others; 1 unless told. */
  readonly share?: number;
}

export interface Page {
  /** Where a link leads. */
  readonly id: string;
  readonly title: string;
  /** Pages of one part stand together in the outline. */
  readonly part: string;
  /** In the list of pages: what was found, in a few words. */
  readonly sum: string;
  readonly blocks: readonly Block[];
}

export interface Report {
  readonly title: string;
  readonly subtitle: string;
  /** In place of the time when it was made, of which nothing is kept: the newest record's, RFC 3339. */
  readonly time: string;
  /** At the foot of each page. */
  readonly foot: string;
  /** Of these the first is the cover. */
  readonly pages: readonly Page[];
}

/** A text as the pieces that are code, and those that are not. */
export function piecesOf(text: string): { readonly text: string; readonly code: boolean }[] {
  const pieces = text.split('`');
  // a backtick without its other is itself
  if (pieces.length % 2 === 0) return [{ text, code: false }];
  return pieces.map((piece, at) => ({ text: piece, code: at % 2 === 1 })).filter((piece) => piece.text !== '');
}

export const plural = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;
