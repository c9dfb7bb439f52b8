import { hashLength } from '#audit/merkle.ts';
import type { Head } from '../head.ts';
import { StoreError } from '../store-error.ts';
import type { TreeView } from '../tree-view.ts';
import { asBytes, asInteger } from './columns.ts';
import { Lost, type Row, type Session } from './session.ts';
import { statements } from './statements.ts';

/** Gives a session that works, as far as is known. */
export type Dial = () => Promise<Session>;

/** Reading side of a log in PostgreSQL. Only ever added to, it may be read piece by piece while it grows. */
export class PostgresTree implements TreeView {
  readonly #dial: Dial;

  constructor(dial: Dial) {
    this.#dial = dial;
  }

  async head(): Promise<Head> {
    const [row] = await this.#ask(statements.head);
    return headOf(row);
  }

  async tile(level: number, n: number): Promise<Uint8Array> {
    const [row] = await this.#ask(statements.tile, [level, n]);
    return asBytes(row?.hashes, `tile ${n} of level ${level}`);
  }

  async entry(index: number): Promise<Uint8Array | undefined> {
    const [row] = await this.#ask(statements.entry, [index]);
    return row === undefined ? undefined : asBytes(row.body, `entry ${index}`);
  }

  async entries(from: number, to: number): Promise<Uint8Array[]> {
    const rows = to > from ? await this.#ask(statements.entries, [from, to]) : [];
    const found = rows.map(({ seq, body }, at) => {
      if (seq !== from + at) throw missing(from + at);
      return asBytes(body, `entry ${seq}`);
    });
    if (found.length < to - from) throw missing(from + found.length);
    return found;
  }

  async lastIndex(): Promise<number> {
    const [row] = await this.#ask(statements.lastIndex);
    return row === undefined ? -1 : asInteger(row.seq, 'the last index');
  }

  async #ask(text: string, values?: readonly unknown[]): Promise<readonly Row[]> {
    try {
      return await (await this.#dial()).query(text, values);
    } catch (thrown) {
      // A connection that nobody has used for a while may have gone unnoticed; reading twice does no harm.
      if (!(thrown instanceof Lost)) throw thrown;
      return (await this.#dial()).query(text, values);
    }
  }
}

export function headOf(row: Row | undefined): Head {
  if (row === undefined) throw new StoreError('damaged', "the tree's head is missing from the store", 0);
  const root = asBytes(row.root, 'the stored root');
  if (root.length !== hashLength) throw new StoreError('damaged', 'the stored root is no SHA-256');
  return { size: asInteger(row.size, 'the stored size'), root, time: asInteger(row.time, 'the stored time') };
}

function missing(index: number): StoreError {
  return new StoreError('damaged', `entry ${index} is missing from the store`, index);
}
