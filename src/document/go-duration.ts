const secondsPer: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  μs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
};

const piece = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y;

/** Seconds of a length of time as Go writes it: `1h30m`, `1.5h`, `-90s`, `0`. Undefined for anything else. */
export function parseGoDuration(text: string): number | undefined {
  const [, sign = '', rest = ''] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  if (rest === '0') return 0;
  let seconds = 0;
  let at = 0;
  while (at < rest.length) {
    piece.lastIndex = at;
    const [whole = '', count, unit = ''] = piece.exec(rest) ?? [];
    if (whole === '') return undefined;
    seconds += Number(count) * (secondsPer[unit] ?? 0);
    at += whole.length;
  }
  if (rest === '') return undefined;
  return sign === '-' ? -seconds : seconds;
}
