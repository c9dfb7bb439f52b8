import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { canonicalJson } from '#audit/canonical.ts';
import type { Entry } from '#audit/entry.ts';
import { leafHash } from '#audit/merkle.ts';
import type { QueryName } from '#evidence/queries.ts';
import { packFiles } from './pack-files.ts';

/** A row that was written: where it is in the log, and its leaf. */
export interface WrittenRow {
  readonly index: number;
  readonly leaf: Uint8Array;
}

/** Octets that wait for one write. */
const mostWaiting = 65_536;

interface Open {
  readonly file: number;
  readonly rows: WrittenRow[];
  waiting: string;
}

/** A file for each query that has rows: records as the log has them, a line each. */
export class RowFiles implements Disposable {
  readonly #folder: string;
  readonly #open = new Map<QueryName, Open>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  add(entry: Entry, to: readonly QueryName[]): void {
    if (to.length === 0) return;
    const text = canonicalJson(entry);
    const row = { index: entry.seq, leaf: leafHash(Buffer.from(text)) };
    for (const name of to) {
      const open = this.#open.get(name) ?? this.#begin(name);
      open.rows.push(row);
      open.waiting += `${text}\n`;
      if (open.waiting.length > mostWaiting) flush(open);
    }
  }

  /** What each file has. */
  finish(): ReadonlyMap<QueryName, readonly WrittenRow[]> {
    for (const open of this.#open.values()) flush(open);
    return new Map([...this.#open].map(([name, { rows }]) => [name, rows]));
  }

  [Symbol.dispose](): void {
    for (const { file } of this.#open.values()) closeSync(file);
  }

  #begin(name: QueryName): Open {
    const path = join(this.#folder, packFiles.rows(name));
    mkdirSync(dirname(path), { recursive: true });
    const open = { file: openSync(path, 'w'), rows: [], waiting: '' };
    this.#open.set(name, open);
    return open;
  }
}

function flush(open: Open): void {
  writeSync(open.file, open.waiting);
  open.waiting = '';
}
