const units = [
  { seconds: 365 * 86_400, one: 'year', many: 'years' },
  { seconds: 86_400, one: 'day', many: 'days' },
  { seconds: 3_600, one: 'hour', many: 'hours' },
  { seconds: 60, one: 'minute', many: 'minutes' },
  { seconds: 1, one: 'second', many: 'seconds' },
] as const;

/** A span in the two largest units that say something: `23 hours 59 minutes`, `10 years`. */
export function inWords(seconds: number): string {
  let rest = Math.max(0, Math.round(seconds));
  const parts: string[] = [];
  for (const unit of units) {
    const count = Math.floor(rest / unit.seconds);
    if (count === 0) {
      if (parts.length > 0) break;
      continue;
    }
    rest = Math.round(rest - count * unit.seconds);
    parts.push(`${count} ${count === 1 ? unit.one : unit.many}`);
    // A hundred days need no hours, two hours and a half do.
    if (parts.length === 2 || (count >= 30 && unit.seconds >= 86_400)) break;
  }
  return parts.join(' ') || '0 seconds';
}

/** How a moment relates to now: `in 23 hours`, `3 days ago`. Both in ms since the epoch. */
export function relative(moment: number, now: number): string {
  const seconds = (moment - now) / 1000;
  return seconds >= 0 ? `in ${inWords(seconds)}` : `${inWords(-seconds)} ago`;
}

/** RFC 3339 in UTC with whole seconds, the only form that is printed. */
export function stamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
