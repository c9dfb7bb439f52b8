import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { InventoryRow } from './row.ts';
import { blockLength } from './schema.ts';
import type { Words } from './words.ts';

/** ms in each unit that requests are counted by; the place is the number of the unit. */
export const tallyUnits = [60_000, 3_600_000, 86_400_000] as const;

/** Most series whose number is remembered between steps. */
const maxSeries = 20_000;

interface Span {
  begins: number;
  endsFirst: number;
  ends: number;
}
interface Newest {
  readonly seq: number;
  readonly due: number;
  readonly notAfter: number;
}
interface Tally {
  readonly series: number;
  readonly unit: number;
  readonly start: number;
  count: number;
  newest: number;
}

/** What is kept of many rows together: gathered over a step, and written once at its end. */
export class Summaries {
  readonly #words: Words;
  readonly #putBlock: StatementSync;
  readonly #putNewest: StatementSync;
  readonly #findSeries: StatementSync;
  readonly #addSeries: StatementSync;
  readonly #putTally: StatementSync;
  readonly #series = new Map<string, number>();
  readonly #blocks = new Map<number, Span>();
  readonly #newest = new Map<number, Newest>();
  readonly #tallies = new Map<string, Tally>();

  constructor(database: DatabaseSync, words: Words) {
    this.#words = words;
    this.#putBlock = database.prepare(`INSERT INTO block VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET
      begins = min(begins, excluded.begins), ends_first = min(ends_first, excluded.ends_first),
      ends = max(ends, excluded.ends)`);
    this.#putNewest = database.prepare(`INSERT INTO newest VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET
      seq = excluded.seq, due = excluded.due, not_after = excluded.not_after WHERE excluded.not_after >= not_after`);
    this.#findSeries = database.prepare(`SELECT id FROM series WHERE type = ? AND outcome = ? AND reason = ? AND
      cluster = ? AND namespace = ? AND key_kind = ? AND level = ?`);
    this.#addSeries = database.prepare(`INSERT INTO series (type, outcome, reason, cluster, namespace, key_kind, level)
      VALUES (?, ?, ?, ?, ?, ?, ?)`);
    this.#putTally = database.prepare(`INSERT INTO tally VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
      count = count + excluded.count, newest = excluded.newest`);
  }

  add(seq: number, row: InventoryRow): void {
    this.#count(seq, row);
    const { issued, notBefore, notAfter } = row;
    if (!issued || notBefore === undefined || notAfter === undefined) return;
    this.#widen(Math.floor(seq / blockLength), notBefore, notAfter);
    const identity = this.#words.idOf(row.identity);
    if (identity === null || (this.#newest.get(identity)?.notAfter ?? 0) > notAfter) return;
    this.#newest.set(identity, { seq, notAfter, due: dueAt(notBefore, notAfter) });
  }

  write(): void {
    for (const [n, { begins, endsFirst, ends }] of this.#blocks) this.#putBlock.run(n, begins, endsFirst, ends);
    for (const [identity, { seq, due, notAfter }] of this.#newest) this.#putNewest.run(identity, seq, due, notAfter);
    for (const { series, unit, start, count, newest } of this.#tallies.values())
      this.#putTally.run(series, unit, start, count, newest);
    this.#blocks.clear();
    this.#newest.clear();
    this.#tallies.clear();
  }

  forget(): void {
    this.#series.clear();
    this.#blocks.clear();
    this.#newest.clear();
    this.#tallies.clear();
  }

  #widen(n: number, begins: number, ends: number): void {
    const span = this.#blocks.get(n);
    if (span === undefined) {
      this.#blocks.set(n, { begins, endsFirst: ends, ends });
      return;
    }
    span.begins = Math.min(span.begins, begins);
    span.endsFirst = Math.min(span.endsFirst, ends);
    span.ends = Math.max(span.ends, ends);
  }

  #count(seq: number, row: InventoryRow): void {
    const series = this.#seriesOf(row);
    for (const [unit, length] of tallyUnits.entries()) {
      const start = Math.floor(row.time / length);
      const key = `${series} ${unit} ${start}`;
      const tally = this.#tallies.get(key);
      if (tally === undefined) this.#tallies.set(key, { series, unit, start, count: row.count, newest: seq });
      else {
        tally.count += row.count;
        tally.newest = seq;
      }
    }
  }

  #seriesOf({ type, outcome, reason, cluster, namespace, keyKind, level }: InventoryRow): number {
    const ids = [type, outcome, reason, cluster, namespace, keyKind, level].map((word) => this.#words.idOf(word) ?? 0);
    const key = ids.join(' ');
    const known = this.#series.get(key);
    if (known !== undefined) return known;
    const found = this.#findSeries.get(...ids)?.id;
    const id = typeof found === 'number' ? found : Number(this.#addSeries.run(...ids).lastInsertRowid);
    if (this.#series.size >= maxSeries) this.#series.clear();
    this.#series.set(key, id);
    return id;
  }
}

/** When two thirds of a certificate's life are over. */
export function dueAt(notBefore: number, notAfter: number): number {
  return notBefore + Math.ceil(((notAfter - notBefore) * 2) / 3);
}
