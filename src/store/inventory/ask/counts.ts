import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type { Group, Rate } from '#audit/questions/answer.ts';
import { type Asked, maxRows, usualRows } from '#audit/questions/ask.ts';
import type { GroupsQuestion } from '#audit/questions/catalogue.ts';
import type { Filters } from '#audit/questions/filters.ts';
import { tallyUnits } from '../summaries.ts';
import { idOf, idsUnder, wordOf } from './known-words.ts';
import { rangeOf } from './moments.ts';

const week = 7 * 86_400_000;
/** ms; what a rate is told of unless told. */
const usualSpan = 86_400_000;
/** Most lengths of time in one answer. */
const mostUnits = 1_500;
const requestTypes = ['certificate.issued', 'certificate.denied', 'certificate.failed'];

export function answerGroups(database: DatabaseSync, { by }: GroupsQuestion, asked: Asked, size: number): Group[] {
  return by === 'refusals' ? refusals(database, asked, size) : keys(database, asked);
}

/** Along the index of what was refused: no row is read. */
export const refusalsStatement = `SELECT identity, reason, sum(count) AS n, max(seq) AS newest
  FROM record INDEXED BY by_refusal WHERE reason IS NOT NULL AND seq >= ? AND seq < ?
  AND type IN (SELECT value FROM json_each(?)) GROUP BY identity, reason ORDER BY n DESC, newest DESC LIMIT ?`;

function refusals(database: DatabaseSync, { filters, limit }: Asked, size: number): Group[] {
  const { from, to } = rangeOf(database, filters, size);
  const types = JSON.stringify(requestTypes.flatMap((type) => idOf(database, type)));
  const rows = database.prepare(refusalsStatement).all(from, to, types, Math.min(limit ?? usualRows, maxRows));
  return rows.map(({ identity, reason, n, newest }) => ({
    words: { identity: wordOf(database, identity), reason: wordOf(database, reason) },
    count: Number(n),
    index: Number(newest),
  }));
}

function keys(database: DatabaseSync, { filters, now, limit }: Asked): Group[] {
  const series = seriesOf(database, { ...filters, type: 'certificate.issued' });
  const window =
    series && (isWhole(filters) ? allDays : windowOf({ ...filters, since: beginOf(database, filters) }, now));
  if (series === undefined || window === undefined) return [];
  const rows = database
    .prepare(`SELECT s.key_kind, s.level, sum(t.count) AS n, max(t.newest) AS newest ${tallies(series.where)}
      GROUP BY s.key_kind, s.level ORDER BY n DESC, newest DESC LIMIT ?`)
    .all(...[window.unit, window.first, window.end], ...series.values, Math.min(limit ?? usualRows, maxRows));
  return rows.map(({ key_kind, level, n, newest }) => ({
    words: { key: wordOf(database, key_kind), level: wordOf(database, level) },
    count: Number(n),
    index: Number(newest),
  }));
}

export function answerRates(database: DatabaseSync, { filters, now }: Asked): { unitMs: number; rates: Rate[] } {
  const window = windowOf(filters, now);
  const { length, first, end } = window;
  const series = seriesOf(database, filters);
  const counted = (from: number, to: number) =>
    new Map(
      (series === undefined
        ? []
        : database.prepare(ratesStatement(series.where)).all(...[window.unit, from, to], ...series.values)
      ).map(({ start, n, newest }) => [Number(start), { count: Number(n), index: Number(newest) }]),
    );
  const these = counted(first, end);
  const before = counted(first - week / length, end - week / length);
  const rates = Array.from({ length: end - first }, (_, i) => {
    const weekBefore = before.get(first + i - week / length)?.count ?? 0;
    return { start: (first + i) * length, ...(these.get(first + i) ?? { count: 0 }), weekBefore };
  });
  return { unitMs: length, rates };
}

export const ratesStatement = (where: string): string =>
  `SELECT t.start, sum(t.count) AS n, max(t.newest) AS newest ${tallies(where)} GROUP BY t.start`;

const tallies = (where: string) =>
  `FROM series AS s CROSS JOIN tally AS t ON t.series = s.id AND t.unit = ? AND t.start >= ? AND t.start < ?
   WHERE ${where}`;

/** Which series are meant; undefined where the log has never heard of a word. */
function seriesOf(database: DatabaseSync, filters: Filters) {
  const lists = [
    ['type', filters.type === undefined ? requestTypes.flatMap(known) : idsUnder(database, filters.type)],
    ['outcome', filters.outcome && known(filters.outcome)],
    ['reason', filters.reason && idsUnder(database, filters.reason)],
    ['cluster', filters.cluster && known(filters.cluster)],
    ['namespace', filters.namespace && known(filters.namespace)],
    ['key_kind', filters['key-kind'] && known(filters['key-kind'])],
  ] as const;
  function known(word: string) {
    return idOf(database, word);
  }
  const given = lists.flatMap(([column, ids]) => (typeof ids === 'object' ? [{ column, ids }] : []));
  if (given.some(({ ids }) => ids.length === 0)) return undefined;
  const values: SQLInputValue[] = given.map(({ ids }) => JSON.stringify(ids));
  return { where: given.map(({ column }) => `s.${column} IN (SELECT value FROM json_each(?))`).join(' AND '), values };
}

/** Whole minutes, hours or days that cover what is asked for, by how long it is: [first, end) in units since the epoch. */
function windowOf({ since, until }: Filters, now: number) {
  const to = until ?? now;
  const from = since ?? to - usualSpan;
  const hours = (to - from) / 3_600_000;
  const unit = hours <= 3 ? 0 : hours <= 24 * 14 ? 1 : 2;
  const length = tallyUnits[unit];
  const end = Math.floor(to / length) + 1;
  const first = Math.min(end, Math.max(Math.floor(from / length), end - mostUnits));
  return { unit, length, first, end };
}

const isWhole = ({ since, until }: Filters) => since === undefined && until === undefined;
const allDays = { unit: 2, first: 0, end: Number.MAX_SAFE_INTEGER };

/** ms since the epoch: what is asked for, or the first record. */
function beginOf(database: DatabaseSync, { since }: Filters): number {
  if (since !== undefined) return since;
  return Number(database.prepare('SELECT time FROM record WHERE seq = 0').get()?.time ?? 0);
}
