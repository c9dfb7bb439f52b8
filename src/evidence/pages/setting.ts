import type { ConfigurationInForce } from '../evidence.ts';

/** A value of the configuration, and since when it was in force. */
export interface InForce {
  readonly value: string;
  readonly index: number;
  readonly time: string;
}

const longest = 240;

/** The values that a path had, one after another; the same twice is one. */
export function valuesOf(path: string, configurations: readonly ConfigurationInForce[]): InForce[] {
  const values: InForce[] = [];
  for (const { content, index, time } of configurations) {
    const value = content === undefined ? 'not in the log' : shown(at(content, path));
    if (values.at(-1)?.value !== value) values.push({ value, index, time });
  }
  return values;
}

function at(content: unknown, path: string): unknown {
  let found: unknown = content;
  for (const name of path.split('.'))
    found =
      typeof found === 'object' && found !== null ? Object.getOwnPropertyDescriptor(found, name)?.value : undefined;
  return found;
}

function shown(value: unknown): string {
  if (value === undefined) return 'not set';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length <= longest ? text : `${text.slice(0, longest).toWellFormed()}… (whole: see Rules in force)`;
}
