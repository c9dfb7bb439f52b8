import type { Entry } from '#audit/entry.ts';
import type { Json } from '#audit/event.ts';
import { parseDuration } from '#document/scalars.ts';
import type { OptionValues } from '../command/options.ts';
import { Failure } from '../failure.ts';
import type { listOptions } from './options.ts';

type Given = OptionValues<typeof listOptions>;

export interface Filters {
  readonly matches: (entry: Entry) => boolean;
  /** RFC 3339 with ms, as entries have it: nothing older is wanted. Empty for no bound. */
  readonly since: string;
  readonly before: number | undefined;
  readonly limit: number;
}

const mostRecords = 1_000;

/** Throws Failure `usage` for a filter that cannot be meant. `now` in ms. */
export function readFilters(given: Given, now: number): Filters {
  const since = given.since === undefined ? '' : moment(given.since, '--since', now);
  const until = given.until === undefined ? undefined : moment(given.until, '--until', now);
  const serial = given.serial?.replaceAll(':', '').toLowerCase();
  const tests: ((entry: Entry) => boolean)[] = [];
  const { type, outcome, reason, identity } = given;
  if (type !== undefined) tests.push((entry) => begins(entry.type, type));
  if (outcome !== undefined) tests.push((entry) => entry.outcome === outcome);
  if (reason !== undefined) tests.push((entry) => typeof entry.reason === 'string' && begins(entry.reason, reason));
  if (identity !== undefined) tests.push((entry) => (identityOf(entry) ?? '').includes(identity));
  if (serial !== undefined) tests.push((entry) => serialOf(entry) === serial);
  if (until !== undefined) tests.push((entry) => entry.time <= until);
  return {
    matches: (entry) => tests.every((test) => test(entry)),
    since,
    before: given.before === undefined ? undefined : whole(given.before, '--before', 0, Number.MAX_SAFE_INTEGER),
    limit: whole(given.limit ?? '50', '--limit', 1, mostRecords),
  };
}

/** `key.weak` begins `key.weak.roca` and itself, but not `key.weakness`. */
export const begins = (word: string, start: string) =>
  word === start || word.startsWith(`${start.replace(/\.$/, '')}.`);

export function identityOf({ certificate, caller }: Entry): string | undefined {
  return textIn(certificate, 'identity') ?? textIn(caller, 'identity');
}

export function serialOf({ certificate }: Entry): string | undefined {
  return textIn(certificate, 'serial');
}

function textIn(value: Json | undefined, member: string): string | undefined {
  if (typeof value !== 'object' || Array.isArray(value)) return undefined;
  const found: unknown = Object.entries(value).find(([name]) => name === member)?.[1];
  return typeof found === 'string' ? found : undefined;
}

/** RFC 3339 with ms. Throws Failure `usage`. */
export function moment(text: string, option: string, now: number): string {
  const at = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : now - ago(text) * 1000;
  if (Number.isNaN(at))
    throw new Failure(
      'usage',
      `${option} ${text}: give RFC 3339 (2026-11-21T12:00:00Z), a day, or a length of time such as 2h`,
    );
  return new Date(at).toISOString();
}

function ago(text: string): number {
  try {
    return parseDuration(text);
  } catch {
    return Number.NaN;
  }
}

/** Throws Failure `usage`. */
export function whole(text: string, option: string, least: number, most: number): number {
  const number = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw new Failure('usage', `${option} ${text}: give a whole number from ${least} to ${most}`);
}
