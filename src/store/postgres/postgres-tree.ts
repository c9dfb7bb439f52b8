import type { PlacedDisclosure } from '#audit/disclosure.ts';
import { hashLength } from '#audit/merkle.ts';
import { disclosureOf } from '../disclosure-rows.ts';
import { DroppedRows } from '../dropped-rows.ts';
import type { Head } from '../head.ts';
import { StoreError } from '../store-error.ts';
import type { Bodies, TreeView } from '../tree-view.ts';
import { asBytes, asInteger } from './columns.ts';
import { Lost, Rejected, type Row, type Session } from './session.ts';
import { statements } from './statements.ts';

const undefinedTable = '42P01';

/** Gives a session that works, as far as is known. */
export type Dial = () => Promise<Session>;

/**
 * Reading side of a log in PostgreSQL. Only ever added to, but for bodies that are dropped, it may be read piece by piece
 * while it grows.
 */
export class PostgresTree implements TreeView {
  readonly #dial: Dial;
  readonly #dropped = new DroppedRows();

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

  async entries(from: number, to: number): Promise<Bodies> {
    const rows = to > from ? await this.#with((session) => session.copy(statements.entries, [from, to])) : [];
    const there = new Map(rows.map(([seq, body]) => [Number(seq?.readBigInt64BE()), body]));
    if (there.size === to - from) return [...there].map(([seq, body], at) => found(body, seq, from + at));
    // Asked after the rows: what was dropped in between is told of.
    const { ranges } = await this.dropped();
    return Array.from({ length: Math.max(0, to - from) }, (_, at) => {
      const body = there.get(from + at);
      if (body === undefined && !ranges.covers(from + at)) throw missing(from + at);
      return body;
    });
  }

  async disclosures(from: number, to: number): Promise<PlacedDisclosure[]> {
    try {
      return (await this.#ask(statements.disclosures, [from, to])).map((row) => disclosureOf(row));
    } catch (thrown) {
      // A log whose server is of an earlier version has no such table, and no such values.
      if (thrown instanceof Rejected && thrown.code === undefinedTable) return [];
      throw thrown;
    }
  }

  async dropped(): Promise<DroppedRows> {
    const { newest } = this.#dropped;
    const rows = await this.#ask(statements.dropped, [newest]);
    // Another look may have come first.
    if (this.#dropped.newest !== newest) return this.#dropped;
    return this.#dropped.add(
      rows.map(({ record, body }) => ({
        record: asInteger(record, 'the index of a record'),
        body: body instanceof Uint8Array ? body : undefined,
      })),
    );
  }

  async lastIndex(): Promise<number> {
    const [row] = await this.#ask(statements.lastIndex);
    return row === undefined ? -1 : asInteger(row.seq, 'the last index');
  }

  #ask(text: string, values?: readonly unknown[]): Promise<readonly Row[]> {
    return this.#with((session) => session.query(text, values));
  }

  async #with<T>(ask: (session: Session) => Promise<T>): Promise<T> {
    try {
      return await ask(await this.#dial());
    } catch (thrown) {
      // A connection that nobody has used for a while may have gone unnoticed; reading twice does no harm.
      if (!(thrown instanceof Lost)) throw thrown;
      return ask(await this.#dial());
    }
  }
}

export function headOf(row: Row | undefined): Head {
  if (row === undefined) throw new StoreError('damaged', "the tree's head is missing from the store", 0);
  const root = asBytes(row.root, 'the stored root');
  if (root.length !== hashLength) throw new StoreError('damaged', 'the stored root is no SHA-256');
  return { size: asInteger(row.size, 'the stored size'), root, time: asInteger(row.time, 'the stored time') };
}

function found(body: Uint8Array | undefined, seq: number, index: number): Uint8Array {
  if (seq !== index || body === undefined) throw missing(index);
  return body;
}

function missing(index: number): StoreError {
  return new StoreError('damaged', `entry ${index} is missing from the store`, index);
}
