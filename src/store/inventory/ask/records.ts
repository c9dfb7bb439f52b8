import type { DatabaseSync } from 'node:sqlite';
import type { AnsweredRecord } from '#audit/questions/answer.ts';
import { type Asked, maxRows, usualRows } from '#audit/questions/ask.ts';
import type { RecordsQuestion } from '#audit/questions/catalogue.ts';
import type { TreeView } from '../../tree-view.ts';
import { type Condition, type Conditions, conditionsOf } from './condition.ts';
import { type Held, heldConditions, heldOf, heldRanges } from './holding.ts';
import { Lead, mostLooked } from './lead.ts';
import { type Range, rangeOf } from './moments.ts';
import { Relations } from './relations.ts';

export interface Page {
  readonly records: readonly AnsweredRecord[];
  readonly before?: number;
}

/** What is looked for, and where. */
interface Search {
  readonly lead: Lead;
  /** Newest first. */
  readonly ranges: readonly Range[];
  readonly checks: Conditions['checks'];
}

/** One page of records, newest first; it looks at no more than 10,000 rows, and says where the next begins. */
export async function answerRecords(
  database: DatabaseSync,
  log: TreeView,
  question: RecordsQuestion,
  asked: Asked,
  size: number,
): Promise<Page> {
  const search = searchFor(database, question, asked, size);
  if (search === undefined) return { records: [] };
  const relations = new Relations(database, question.related);
  const limit = Math.min(asked.limit ?? usualRows, maxRows);
  const records: AnsweredRecord[] = [];
  let left = mostLooked;
  for (const { from, to } of search.ranges) {
    for (let end = to; end > from; ) {
      if (left <= 0) return { records, before: end };
      const { looked, floor } = search.lead.reach({ from, to: end }, left);
      const wanted = limit - records.length;
      const rows = search.lead.rows({ from: floor, to: end }, wanted);
      left -= looked;
      for (const index of rows) {
        const entry = await checked(log, index, search.checks);
        if (entry !== undefined) records.push({ index, entry, ...relations.of(index) });
      }
      end = rows.length === wanted ? (rows.at(-1) ?? floor) : floor;
      if (records.length === limit) return end > 0 ? { records, before: end } : { records };
    }
  }
  return { records };
}

/** Undefined where nothing can be found. */
export function searchFor(
  database: DatabaseSync,
  question: RecordsQuestion,
  { filters, now, before }: Asked,
  size: number,
): Search | undefined {
  const conditions = conditionsOf(database, question, filters);
  if (conditions === undefined) return undefined;
  const asked = rangeOf(database, filters, size);
  const range = { from: asked.from, to: Math.min(asked.to, before ?? size) };
  const held = heldOf(question, filters, now);
  const all = [
    ...conditions.all,
    ...(held === undefined ? [] : heldConditions(held)),
    ...byAge(question, filters['older-than'], held),
  ];
  const lead = new Lead(database, all, range);
  const ranges = held === undefined || question.kept === 'not-renewed' ? [range] : heldRanges(database, held, range);
  return { lead, ranges, checks: conditions.checks };
}

function byAge({ kept }: RecordsQuestion, olderThan: number | undefined, held: Held | undefined): Condition[] {
  if (held === undefined) return [];
  if (kept === 'old-key' && olderThan !== undefined) return [{ sql: 'key_since <= ?', values: [held.at - olderThan] }];
  if (kept !== 'not-renewed') return [];
  const { at, endsBy } = held;
  return [
    {
      sql: `seq IN (SELECT seq FROM newest INDEXED BY by_end WHERE not_after > ? AND not_after <= ? AND due <= ?)`,
      values: [at, endsBy ?? Number.MAX_SAFE_INTEGER, at],
      index: { name: primaryKey, ordered: false },
    },
  ];
}

/** Of the table itself: its rows are found by leaf index. */
const primaryKey = '';

async function checked(log: TreeView, index: number, checks: Search['checks']): Promise<Uint8Array | undefined> {
  const entry = await log.entry(index);
  if (entry === undefined || checks.length === 0) return entry;
  const value: unknown = JSON.parse(Buffer.from(entry.buffer, entry.byteOffset, entry.byteLength).toString());
  return checks.every((holds) => holds(value)) ? entry : undefined;
}
