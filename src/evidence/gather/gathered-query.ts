import { fieldOf, isCommitment } from '#audit/disclosure.ts';
import type { Entry } from '#audit/entry.ts';
import { columns } from '#audit/questions/columns.ts';
import type { QueryResult, Row } from '../evidence.ts';
import { matches, type QueryName, queries } from '../queries.ts';
import { Draw, type Lot } from './draw.ts';
import { Tally } from './tallies.ts';

/** Records of a query that lie beside the pages whole, oldest first; all are counted. */
export const mostRows = 10_000;
/** Records of a query that its pages list where there are no more; of more, those that were drawn. */
export const mostListed = 10;

/** What the log answers to one query, record by record; bounded in memory, whatever there is. */
export class GatheredQuery {
  readonly name: QueryName;
  readonly #draw: Draw<Row & { readonly entry: Entry }>;
  readonly #tallies: readonly Tally[];
  readonly #first: Row[] = [];
  #records = 0;
  #requests = 0;

  constructor(name: QueryName, lot: Lot) {
    this.name = name;
    this.#draw = new Draw(lot, name);
    this.#tallies = queries[name].tallies.map((tally) => new Tally(tally));
  }

  /** Whether its row is one of those that lie beside the pages. */
  take(entry: Entry): boolean {
    if (!matches(queries[this.name], entry)) return false;
    const row = () => this.#rowOf(entry);
    this.#records++;
    this.#requests += typeof entry.count === 'number' ? entry.count : 1;
    for (const tally of this.#tallies) tally.take(entry);
    this.#draw.offer(entry.seq, () => ({ ...row(), entry }));
    if (this.#records <= mostListed) this.#first.push(row());
    return this.#records <= mostRows;
  }

  result(): QueryResult {
    const drawn = this.#draw.items.map(({ index, cells }) => ({ index, cells }));
    const listed = this.#records <= mostListed ? this.#first : drawn;
    return {
      name: this.name,
      records: this.#records,
      requests: this.#requests,
      rows: Math.min(this.#records, mostRows),
      drawn: drawn.map(({ index }) => index),
      listed: [...listed],
      tallies: this.#tallies.map((tally) => ({ by: tally.name, words: tally.words })),
    };
  }

  /** The records that were drawn. */
  get drawn(): readonly Entry[] {
    return this.#draw.items.map(({ entry }) => entry);
  }

  #rowOf(entry: Entry): Row {
    return { index: entry.seq, cells: queries[this.name].columns.map((column) => cellOf(entry, column)) };
  }
}

const longestCell = 300;

/** Nothing where the record says nothing. */
function cellOf(entry: Entry, column: keyof typeof columns): string {
  if (column === 'address' && isCommitment(fieldOf(entry, 'peer.ip'))) return keptApart;
  if (column === 'actor' && isCommitment(fieldOf(entry, 'actor.user'))) return keptApart;
  const text = columns[column].of(entry) ?? '';
  return text.length <= longestCell ? text : `${text.slice(0, longestCell).toWellFormed()}…`;
}

const keptApart = '(kept apart)';
