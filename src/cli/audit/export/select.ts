import { readFilter } from '#audit/questions/ask.ts';
import type { Filters } from '#audit/questions/filters.ts';
import { parseDuration } from '#document/scalars.ts';
import { checksOf, isHash } from '#store/inventory/ask/checks.ts';
import { rowOf } from '#store/inventory/row.ts';
import { Failure } from '../../failure.ts';
import { begins } from '../filters.ts';
import { type ExportFilter, exportFilters, isExportFilter } from './options.ts';

/** Filters as a manifest has them: moments in RFC 3339, the rest as it was typed. */
export type FilterTexts = Readonly<Record<string, string>>;

/** Throws Failure `usage` for a filter that cannot be meant. `now` in ms. */
export function filterTexts(given: Readonly<Partial<Record<ExportFilter, string>>>, now: number): FilterTexts {
  return Object.fromEntries(
    exportFilters.flatMap((name) => {
      const text = given[name];
      if (text === undefined) return [];
      const found = read(name, text, now);
      return [[name, typeof found === 'number' ? new Date(found).toISOString() : found]];
    }),
  );
}

/** The other way round. Throws Failure for what no export has written. */
export function filtersOf(texts: FilterTexts): Filters {
  return Object.fromEntries(
    Object.entries(texts).map(([name, text]) => {
      if (!isExportFilter(name)) throw new Failure('input', `the manifest has a filter that is none: ${name}`);
      return [name, read(name, text, 0)];
    }),
  );
}

function read(name: ExportFilter, text: string, now: number): string | number {
  try {
    return readFilter(name, text, now, (length) => parseDuration(length) * 1_000);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new Failure('usage', `--${cause.message}`, undefined, { cause });
  }
}

/** Whether records are left out between the first and the last: time alone cuts a piece out of the log, which is whole. */
export const isWhole = (texts: FilterTexts) => Object.keys(texts).every((name) => name === 'since' || name === 'until');

/** Which entries (octets) match, as questions of the log have it; the moments are left aside. */
export function matcherOf(filters: Filters): (entry: Uint8Array) => boolean {
  const checks = checksOf(filters);
  const { type, reason, policy, issuer } = filters;
  const prefix = filters['identity-prefix'];
  const same = (word: string | undefined, found: string | undefined) => word === undefined || word === found;
  return (octets) => {
    const row = rowOf(octets);
    return (
      same(filters.identity, row.identity) &&
      (prefix === undefined || row.identity?.startsWith(prefix) === true) &&
      same(filters['trust-domain'], row.trustDomain) &&
      same(filters.cluster, row.cluster) &&
      same(filters.namespace, row.namespace) &&
      same(filters['service-account'], row.account) &&
      same(filters.node, row.node) &&
      same(filters['key-kind'], row.keyKind) &&
      same(issuer, isHash(issuer) ? row.issuerKey : row.issuerName) &&
      same(policy, isHash(policy) ? row.policySet : row.policy) &&
      same(filters.outcome, row.outcome) &&
      (reason === undefined || (row.reason !== undefined && begins(row.reason, reason))) &&
      (type === undefined || begins(row.type, type)) &&
      checks.every((check) => check(JSON.parse(Buffer.from(octets).toString())))
    );
  };
}
