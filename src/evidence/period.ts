/** A length of time in UTC that evidence speaks of. Moments in ms since the epoch. */
export interface Period {
  /** As anybody would write it again, with its year. */
  readonly name: string;
  readonly since: number;
  /** The first moment after it. */
  readonly until: number;
}

/**
 * Reads `2026`, `2026-Q3`, `2026-09`, `2026-09-15`, or two of these as `FIRST..LAST`; `Q3` is the newest that has begun. `now` in
 * ms. Throws RangeError for what is none, or has not begun.
 */
export function readPeriod(text: string, now: number): Period {
  const [first = '', last = first, ...more] = text.split('..').map((part) => dated(part.trim(), now));
  const [from, to] = [spanOf(first), spanOf(last)];
  if (from === undefined || to === undefined || more.length > 0 || from.since >= to.until)
    throw new RangeError(wanted(text));
  if (from.since > now) throw new RangeError(`${text}: has not begun yet`);
  const name = first === last ? first : `${first}..${last}`;
  return { name, since: from.since, until: to.until };
}

const wanted = (text: string) =>
  `${text}: give a quarter (Q3, 2026-Q3), a year, a month (2026-09), a day, or FIRST..LAST (2026-07-01..2026-09-30)`;

/** A quarter without a year is the last one of its number that has begun. */
function dated(part: string, now: number): string {
  if (!/^Q[1-4]$/i.test(part)) return part.toUpperCase();
  const year = new Date(now).getUTCFullYear();
  const thisYear = `${year}-${part.toUpperCase()}`;
  return (spanOf(thisYear)?.since ?? 0) <= now ? thisYear : `${year - 1}-${part.toUpperCase()}`;
}

function spanOf(part: string): { readonly since: number; readonly until: number } | undefined {
  const [, digits, quarter, month, day] = /^(\d{4})(?:-Q([1-4])|-(\d{2})(?:-(\d{2}))?)?$/.exec(part) ?? [];
  if (digits === undefined) return undefined;
  const year = Number(digits);
  if (quarter !== undefined) return between([year, 3 * Number(quarter) - 3, 1], [year, 3 * Number(quarter), 1]);
  if (month === undefined) return between([year, 0, 1], [year + 1, 0, 1]);
  const at = Number(month) - 1;
  if (at < 0 || at > 11) return undefined;
  if (day === undefined) return between([year, at, 1], [year, at + 1, 1]);
  const found = between([year, at, Number(day)], [year, at, Number(day) + 1]);
  // of 31 June the first of July would be made
  return new Date(found.since).getUTCDate() === Number(day) ? found : undefined;
}

type Date3 = readonly [year: number, month: number, day: number];
const between = (since: Date3, until: Date3) => ({ since: Date.UTC(...since), until: Date.UTC(...until) });
