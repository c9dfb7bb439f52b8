import type { Style } from './style.ts';

/** A name and what it is; an array takes a line each. */
export type Fact = readonly [name: string, value: string | readonly string[] | undefined];

/** `name   value` lines under one indent; facts without a value are left out. */
export function facts(list: readonly Fact[], style: Style, indent = '  '): string {
  const known = list.flatMap(([name, value]) => {
    const lines = value === undefined ? [] : typeof value === 'string' ? [value] : value;
    return lines.length === 0 ? [] : [{ name, lines }];
  });
  const width = Math.max(0, ...known.map(({ name }) => name.length));
  return known
    .flatMap(({ name, lines }) =>
      lines.map((line, i) => `${indent}${style.dim((i === 0 ? name : '').padEnd(width))}  ${line}`),
    )
    .join('\n');
}
