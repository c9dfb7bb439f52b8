import Type from 'typebox';

const secondsPer = { s: 1, m: 60, h: 3600, d: 86_400 } as const;
const octetsPer = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;

const durationForm = '^(0|[1-9][0-9]{0,8})(s|m|h|d)$';
const byteSizeForm = '^(0|[1-9][0-9]{0,8})(B|KiB|MiB|GiB)$';

/** A length of time as people write it: one whole number and one unit. */
export const Duration = Type.String({
  pattern: durationForm,
  description: 'a length of time: a whole number and one of s, m, h, d',
  examples: ['90s', '10m', '1h', '7d'],
});

export const ByteSize = Type.String({
  pattern: byteSizeForm,
  description: 'a size: a whole number and one of B, KiB, MiB, GiB',
  examples: ['512B', '2KiB', '64MiB'],
});

/** One word of a closed list; what is wrong lists the words. */
export const OneOf = <const Words extends readonly string[]>(...words: Words) => Type.Enum<[...Words]>([...words]);

/** Seconds. Throws RangeError where the text is no `Duration`. */
export function parseDuration(text: string): number {
  return scaled(text, durationForm, secondsPer, 'a length of time such as 90s, 10m, 1h or 7d');
}

/** Octets. Throws RangeError where the text is no `ByteSize`. */
export function parseByteSize(text: string): number {
  return scaled(text, byteSizeForm, octetsPer, 'a size such as 512B, 2KiB or 64MiB');
}

function scaled(text: string, form: string, units: Readonly<Record<string, number>>, expected: string): number {
  const [, count, unit] = new RegExp(form).exec(text) ?? [];
  const scale = unit === undefined ? undefined : units[unit];
  if (count === undefined || scale === undefined) throw new RangeError(`"${text}" is not ${expected}`);
  return Number(count) * scale;
}

/** Seconds as a `Duration` in the largest unit that fits: 5400 is `90m`. One day is `24h`, as certificate people say. */
export function formatDuration(seconds: number): string {
  for (const unit of ['d', 'h', 'm'] as const) {
    const count = seconds / secondsPer[unit];
    if (Number.isInteger(count) && count >= (unit === 'd' ? 2 : 1)) return `${count}${unit}`;
  }
  return `${seconds}s`;
}
