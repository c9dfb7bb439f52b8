import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { maxEntryLength } from '#audit/bundle.ts';
import { decodeEntry, type Entry } from '#audit/entry.ts';
import type { Evidence, QueryResult } from '#evidence/evidence.ts';
import { GatheredQuery } from '#evidence/gather/gathered-query.ts';
import { type QueryName, queryNames } from '#evidence/queries.ts';
import { jsonl } from '#export/jsonl.ts';
import { FileOctets } from '../audit/export/octets.ts';
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
  onRow: (rows: number) => void,
): Promise<number> {
  const names = evidence.queries.map(({ name }) => name);
  if (!isDeepStrictEqual(names, [...queryNames])) throw wrong('queries', 'are not those of this version');
  let rows = 0;
  for (const name of queryNames) {
    const said = evidence.queries.find((each) => each.name === name);
    if (said === undefined) continue;
    rows += await proven(folder, evidence, said, (row) => onRow(rows + row));
    const found = await again(folder, evidence, name);
    if (said.rows !== found.rows) throw wrong(name, `says ${said.rows} rows, and there are ${found.rows}`);
    if (said.records === said.rows && !isDeepStrictEqual(plainly(said), plainly(found)))
      throw wrong(name, 'does not follow from its rows');
    holdDrawn(said, evidence, proofs);
  }
  return rows;
}

const plainly = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

const wrong = (what: string, problem: string) => new Failure('no', `${packFiles.evidence}: ${what} ${problem}`);

async function proven(
  folder: string,
  evidence: Evidence,
  { name, rows }: QueryResult,
  onRow: (rows: number) => void,
): Promise<number> {
  const file = join(folder, packFiles.rows(name));
  if (!existsSync(file)) {
    if (rows === 0) return 0;
    throw new Failure('no', `${packFiles.rows(name)}: is missing`);
  }
  const { records } = evidence.log;
  const plan = {
    format: 'jsonl',
    mapping: jsonl.mapping,
    filters: {},
    ...records,
    complete: false,
    checkpoint: readFileSync(join(folder, packFiles.checkpoint), 'utf8'),
  } as const;
  return await proveRows(file, join(folder, packFiles.hashes(name)), plan, onRow);
}

/** What the rows alone say. */
async function again(folder: string, { period, log, word }: Evidence, name: QueryName): Promise<QueryResult> {
  const query = new GatheredQuery(name, { root: log.root, word });
  const file = join(folder, packFiles.rows(name));
  if (!existsSync(file)) return query.result();
  const lines = new FileOctets(file);
  try {
    for (let line = await lines.line(maxEntryLength); line !== undefined; line = await lines.line(maxEntryLength)) {
      const entry = decodeEntry(line);
      const isOfPeriod = period.since <= entry.time && entry.time < period.until;
      if (!isOfPeriod || !query.take(entry))
        throw new Failure('no', `${packFiles.rows(name)}: record ${entry.seq} does not belong there`);
    }
  } finally {
    await lines.close();
  }
  return query.result();
}

/** What is shown of the records that were drawn is what their proofs bring. */
function holdDrawn({ name, drawn, listed }: QueryResult, { log, word }: Evidence, proofs: ReadonlyMap<number, Entry>) {
  const query = new GatheredQuery(queryNames.find((each) => each === name) ?? 'issued', { root: log.root, word });
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
