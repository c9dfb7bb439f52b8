import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type { Kept, RecordsQuestion } from '#audit/questions/catalogue.ts';
import type { Filters } from '#audit/questions/filters.ts';
import { prefix, prefixOfText, serialOctets } from '../row.ts';
import { youngKeyMs } from '../schema.ts';
import { checksOf, isHash } from './checks.ts';
import { idOf, idsBeginning, idsUnder } from './known-words.ts';

/** What a row must satisfy. */
export interface Condition {
  readonly sql: string;
  readonly values: readonly SQLInputValue[];
  /** The index that gives such rows alone; `ordered` when it gives them in the order of the log. */
  readonly index?: { readonly name: string; readonly ordered: boolean };
}

export interface Conditions {
  readonly all: readonly Condition[];
  /** What an entry itself must say, where the row knows it by a part of a hash only. */
  readonly checks: readonly ((entry: unknown) => boolean)[];
}

type Words = { readonly column: string; readonly ids: readonly number[] };

/** The rows that a question is about, its moments left aside; undefined where the log has never heard of a word. */
export function conditionsOf(
  database: DatabaseSync,
  question: RecordsQuestion,
  filters: Filters,
): Conditions | undefined {
  const exact = (column: string, word: string | undefined): Words | undefined =>
    word === undefined ? undefined : { column, ids: idOf(database, word) };
  const under = (column: string, start: string | undefined): Words | undefined =>
    start === undefined ? undefined : { column, ids: idsUnder(database, start) };
  const any = (column: string, words: readonly string[] | undefined): Words | undefined =>
    words === undefined ? undefined : { column, ids: words.flatMap((word) => idOf(database, word)) };
  const issuedAlone = question.types?.length === 1 && question.types[0] === 'certificate.issued';
  // The narrowest first: it leads where several are too many to count.
  const words = [
    exact('account', filters['service-account']),
    exact('identity', filters.identity),
    exact('node', filters.node),
    exact('namespace', filters.namespace),
    exact(isHash(filters.policy) ? 'policy_set' : 'policy', filters.policy),
    under('reason', filters.reason),
    any('reason', question.reasons),
    any('type', issuedAlone ? undefined : question.types),
    under('type', filters.type),
    exact('key_kind', filters['key-kind']),
    exact(isHash(filters.issuer) ? 'issuer_key' : 'issuer_name', filters.issuer),
    exact('cluster', filters.cluster),
    exact('trust_domain', filters['trust-domain']),
    exact('outcome', filters.outcome),
  ].filter((each) => each !== undefined);
  if (words.some(({ ids }) => ids.length === 0)) return undefined;
  return {
    all: [
      ...octetConditions(filters),
      ...words.map(ofWords),
      ...beginning(database, filters['identity-prefix']),
      ...keptAlone(question),
      ...(issuedAlone ? [{ sql: 'issued = 1', values: [] }] : []),
    ],
    checks: checksOf(filters),
  };
}

function octetConditions({ serial, sha256, key, token, pod }: Filters): Condition[] {
  const known = [
    ['serial', serial === undefined ? undefined : serialOctets(serial)],
    ['sha256', prefix(sha256)],
    ['spki', prefix(key)],
    ['jti', prefixOfText(token)],
    ['pod', prefixOfText(pod)],
  ] as const;
  return known.flatMap(([column, octets]) =>
    octets === undefined
      ? []
      : [{ sql: `${column} = ?`, values: [octets], index: { name: `by_${column}`, ordered: true } }],
  );
}

function ofWords({ column, ids }: Words): Condition {
  // Nearly all have the same outcome: an index of it would only cost.
  const index = column === 'outcome' ? undefined : { name: `by_${column}`, ordered: ids.length === 1 };
  const [first = 0] = ids;
  if (ids.length === 1) return { sql: `${column} = ?`, values: [first], ...(index && { index }) };
  const sql = `${column} IN (SELECT value FROM json_each(?))`;
  return { sql, values: [JSON.stringify(ids)], ...(index && { index }) };
}

/** Where too many identities begin so, each row is asked for its own: then they are found soon enough. */
function beginning(database: DatabaseSync, start: string | undefined): Condition[] {
  if (start === undefined) return [];
  const { ids, from, to } = idsBeginning(database, start);
  if (ids !== undefined) return [ofWords({ column: 'identity', ids })];
  const sql = 'EXISTS (SELECT 1 FROM word WHERE id = identity AND text >= ? AND text < ?)';
  return [{ sql, values: [from, to] }];
}

const keptBy: Readonly<Record<Kept, Condition | undefined>> = {
  impersonated: { sql: 'impersonated = 1', values: [], index: { name: 'by_impersonation', ordered: true } },
  'shared-key': { sql: 'key_shared IS NOT NULL', values: [], index: { name: 'by_shared_key', ordered: true } },
  'old-key': {
    sql: `not_after - key_since > ${youngKeyMs}`,
    values: [],
    index: { name: 'by_old_key', ordered: true },
  },
  // As of a moment: with those that hold then.
  'not-renewed': undefined,
};

function keptAlone({ kept }: RecordsQuestion): Condition[] {
  const condition = kept && keptBy[kept];
  return condition === undefined ? [] : [condition];
}
