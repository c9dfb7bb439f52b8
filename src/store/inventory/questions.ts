import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type { TreeView } from '../tree-view.ts';
import { member, prefix, serialOctets, text } from './row.ts';

/** A certificate by what is printed on it: serial, or SHA-256 of its DER; lower-case hexadecimal. */
export type CertificateName = { readonly serial: string } | { readonly sha256: string };

export interface ListFilter {
  /** SPIFFE IDs that begin so. */
  readonly identityPrefix?: string;
  readonly outcome?: string;
  readonly type?: string;
  readonly reason?: string;
  readonly namespace?: string;
  /** ms since the epoch, inclusive. */
  readonly since?: number;
  /** Only entries below this index: where the page before ended. */
  readonly before?: number;
  /** At most 1,000; 50 unless told. */
  readonly limit?: number;
}

export interface ListedRecord {
  readonly index: number;
  /** ms since the epoch. */
  readonly time: number;
  readonly type: string;
  readonly outcome: string;
  readonly reason: string | undefined;
  readonly door: string | undefined;
  readonly identity: string | undefined;
  readonly notAfter: number | undefined;
  readonly count: number;
}

export interface Listed {
  /** Newest first. */
  readonly records: readonly ListedRecord[];
  /** The answer speaks of the log's first `upTo` entries. */
  readonly upTo: number;
}

/** Indexes of the entries that speak of a certificate, oldest first, held against the entries themselves. */
export async function findCertificate(database: DatabaseSync, log: TreeView, name: CertificateName): Promise<number[]> {
  const [column, hex, octets] =
    'serial' in name
      ? (['serial', name.serial, serialOctets(name.serial)] as const)
      : (['sha256', name.sha256, prefix(name.sha256)] as const);
  const rows = database.prepare(`SELECT seq FROM record WHERE ${column} = ? ORDER BY seq`).all(octets ?? null);
  const found: number[] = [];
  for (const { seq } of rows) {
    if (typeof seq !== 'number') continue;
    const entry = await log.entry(seq);
    const value: unknown = entry === undefined ? undefined : JSON.parse(Buffer.from(entry).toString());
    if (text(member(value, 'certificate'), column) === hex) found.push(seq);
  }
  return found;
}

const maxLimit = 1_000;

/** One page of records, newest first. */
export function listRecords(database: DatabaseSync, filter: ListFilter): ListedRecord[] {
  const { where, values } = conditions(filter);
  const limit = Math.min(filter.limit ?? 50, maxLimit);
  const statement = database.prepare(`
    SELECT seq, time, count, not_after, (SELECT text FROM word WHERE id = type) AS type,
      (SELECT text FROM word WHERE id = outcome) AS outcome, (SELECT text FROM word WHERE id = reason) AS reason,
      (SELECT text FROM word WHERE id = door) AS door, (SELECT text FROM word WHERE id = identity) AS identity
    FROM record WHERE ${where.join(' AND ')} ORDER BY seq DESC LIMIT ?`);
  return statement.all(...values, limit).map((row) => ({
    index: Number(row.seq),
    time: Number(row.time),
    type: String(row.type),
    outcome: String(row.outcome),
    reason: optional(row.reason),
    door: optional(row.door),
    identity: optional(row.identity),
    notAfter: typeof row.not_after === 'number' ? row.not_after : undefined,
    count: Number(row.count),
  }));
}

function conditions(filter: ListFilter): { where: string[]; values: SQLInputValue[] } {
  const where = ['1'];
  const values: SQLInputValue[] = [];
  const add = (condition: string, ...bound: (SQLInputValue | undefined)[]) => {
    const given = bound.filter((value) => value !== undefined);
    if (given.length < bound.length) return;
    where.push(condition);
    values.push(...given);
  };
  const start = filter.identityPrefix || undefined;
  // No text sorts above one that goes on with U+10FFFF, so this range is exactly what begins with the prefix.
  add('identity IN (SELECT id FROM word WHERE text >= ? AND text < ?)', start, start && `${start}\u{10ffff}`);
  for (const column of ['outcome', 'type', 'reason', 'namespace'] as const) {
    add(`${column} = (SELECT id FROM word WHERE text = ?)`, filter[column]);
  }
  add('time >= ?', filter.since);
  add('seq < ?', filter.before);
  return { where, values };
}

function optional(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
