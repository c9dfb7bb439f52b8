import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Entry } from '#audit/entry.ts';
import type { Evidence, QueryResult } from '#evidence/evidence.ts';
import { GatheredQuery } from '#evidence/gather/gathered-query.ts';
import { type QueryName, queryNames } from '#evidence/queries.ts';
import { proveRows } from '../audit/export/prove-rows.ts';
import { Failure } from '../failure.ts';
import { packFiles } from './pack-files.ts';

/**
 * Each row is under the signed root, of its query and of the period; what evidence.json says of the query follows from the rows, as
 * far as all of them are there, and from the proofs of those that were drawn. Gives the number of rows. Throws Failure `no`.
 */
export async function holdRows(
  folder: string,
  evidence: Evidence,
  proofs: ReadonlyMap<number, Entry>,
  checkpoint: string,
  onRow: (rows: number) => void,
): Promise<number> {
  const names = evidence.queries.map(({ name }) => name);
  if (!isDeepStrictEqual(names, [...queryNames])) throw wrong('queries', 'are not those of this version');
  let rows = 0;
  for (const [at, name] of queryNames.entries()) {
    const said = evidence.queries[at];
    if (said === undefined) continue;
    const found = await proven(folder, evidence, name, said, checkpoint, (row) => onRow(rows + row));
    rows += found.rows;
    if (said.rows !== found.rows) throw wrong(name, `says ${said.rows} rows, and there are ${found.rows}`);
    if (said.records === said.rows && !isDeepStrictEqual(plainly(said), plainly(found)))
      throw wrong(name, 'does not follow from its rows');
    holdDrawn(name, said, evidence, proofs);
  }
  return rows;
}

const plainly = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

const wrong = (what: string, problem: string) => new Failure('no', `${packFiles.evidence}: ${what} ${problem}`);

/** What the rows alone say. */
async function proven(
  folder: string,
  { period, log, word }: Evidence,
  name: QueryName,
  said: QueryResult,
  checkpoint: string,
  onRow: (rows: number) => void,
): Promise<QueryResult> {
  const query = new GatheredQuery(name, { root: log.root, word });
  const file = join(folder, packFiles.rows(name));
  if (!existsSync(file)) {
    if (said.rows === 0) return query.result();
    throw new Failure('no', `${packFiles.rows(name)}: is missing`);
  }
  const plan = { ...log.records, complete: false, checkpoint };
  let stranger: number | undefined;
  await proveRows(file, join(folder, packFiles.hashes(name)), plan, (rows, entry) => {
    const isOfPeriod = period.since <= entry.time && entry.time < period.until;
    if (!isOfPeriod || !query.take(entry)) stranger ??= entry.seq;
    onRow(rows);
  });
  if (stranger === undefined) return query.result();
  throw new Failure('no', `${packFiles.rows(name)}: record ${stranger} does not belong there`);
}

/** What is shown of the records that were drawn is what their proofs bring. */
function holdDrawn(
  name: QueryName,
  { drawn, listed }: QueryResult,
  { log, word }: Evidence,
  proofs: ReadonlyMap<number, Entry>,
): void {
  const query = new GatheredQuery(name, { root: log.root, word });
  for (const index of drawn) {
    const entry = proofs.get(index);
    if (entry === undefined || !query.take(entry)) throw wrong(name, `names record ${index}, which is none of it`);
  }
  const shown = query.result().listed;
  const other = listed.find((row) => {
    const own = shown.find(({ index }) => index === row.index);
    return own !== undefined && !isDeepStrictEqual(plainly(own), plainly(row));
  });
  if (other !== undefined) throw wrong(name, `shows something else of record ${other.index} than its proof`);
}
