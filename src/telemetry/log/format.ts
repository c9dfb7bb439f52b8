import { styleText } from 'node:util';
import type { Level, LogRecord } from './record.ts';
import { describeError, scrub } from './scrub.ts';

export type LineFormat = (record: LogRecord) => string;

/** One JSON object a line: `time` (RFC 3339, UTC, ms), `level`, `message`, then the fields. */
export const jsonLine: LineFormat = ({ time, level, message, fields }) =>
  `${JSON.stringify({ time: new Date(time).toISOString(), level, message: scrub(message), ...Object.fromEntries(values(fields)) })}\n`;

const colours: Readonly<Record<Level, Parameters<typeof styleText>[0]>> = {
  debug: 'dim',
  info: 'cyan',
  warn: 'yellow',
  error: 'red',
};

/** For a person at a terminal: `12:00:00.123 warn  message  key=value`. */
export const textLine: LineFormat = ({ time, level, message, fields }) => {
  const clock = new Date(time).toISOString().slice(11, 23);
  const word = styleText(colours[level], level.padEnd(5), { validateStream: false });
  const pairs = values(fields).map(
    ([name, value]) => `${styleText('dim', `${name}=`, { validateStream: false })}${quoted(value)}`,
  );
  return `${[clock, word, printable(scrub(message)), ...pairs].join(' ')}\n`;
};

function values(fields: LogRecord['fields']): [string, string | number | boolean][] {
  const list: [string, string | number | boolean][] = [];
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    if (name === 'error') list.push([name, describeError(value)]);
    else if (typeof value === 'string') list.push([name, scrub(value)]);
    else if (typeof value === 'number' || typeof value === 'boolean') list.push([name, value]);
  }
  return list;
}

const quoted = (value: string | number | boolean) =>
  typeof value === 'string' && !/^[\w.:/@+-]+$/.test(value) ? printable(JSON.stringify(value)) : String(value);

/** What a terminal would obey is shown instead: a line from a stranger must not move the cursor. */
const printable = (text: string) =>
  text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (c) => `\\u${(c.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`);
