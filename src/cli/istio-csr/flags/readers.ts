import { parseGoDuration } from '#document/go-duration.ts';
import { commaSeparated } from './comma-separated.ts';

/** How a flag's text becomes its value, by the rules of the Go library that istio-csr reads its flags with. */
export interface Reader<Value> {
  readonly name: 'text' | 'truth' | 'integer' | 'count' | 'duration' | 'list' | 'texts' | 'map';
  /** What stands for the value in help. */
  readonly of: string;
  /** `before`: the value so far, where the flag was given already. Throws RangeError that says what would be right. */
  read(text: string, before: Value | undefined): Value;
}

export const text: Reader<string> = { name: 'text', of: 'TEXT', read: (given) => given };

const truths: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'true', 'TRUE', 'True'].map((word) => [word, true] as const),
  ...['0', 'f', 'F', 'false', 'FALSE', 'False'].map((word) => [word, false] as const),
]);

export const truth: Reader<boolean> = {
  name: 'truth',
  of: 'true|false',
  read: (given) => truths.get(given) ?? wrong(given, 'true or false'),
};

export const integer: Reader<number> = { name: 'integer', of: 'N', read: (given) => wholeNumber(given, -(2 ** 31)) };
export const count: Reader<number> = { name: 'count', of: 'N', read: (given) => wholeNumber(given, 0) };

/** Seconds. */
export const duration: Reader<number> = {
  name: 'duration',
  of: 'DURATION',
  read: (given) => parseGoDuration(given) ?? wrong(given, 'a length of time such as 1h, 90m or 1h30m'),
};

/** Separated by commas, and given several times; the first time replaces what the flag is by itself. */
export const list: Reader<readonly string[]> = {
  name: 'list',
  of: 'A,B',
  read: (given, before = []) => [...before, ...commaSeparated(given)],
};

/** Given several times; a comma is part of the text. */
export const texts: Reader<readonly string[]> = {
  name: 'texts',
  of: 'TEXT',
  read: (given, before = []) => [...before, given],
};

export const map: Reader<ReadonlyMap<string, string>> = {
  name: 'map',
  of: 'K=V,K2=V2',
  read: (given, before = new Map()) => new Map([...before, ...commaSeparated(given).map(pair)]),
};

function pair(given: string): readonly [string, string] {
  const equals = given.indexOf('=');
  if (equals < 0) return wrong(given, 'KEY=VALUE');
  return [given.slice(0, equals), given.slice(equals + 1)];
}

/** Decimal, or with 0x, 0o, 0b, or the 0 of old octals; underscores as in Go. */
function wholeNumber(given: string, least: number): number {
  const [, sign = '', digits = ''] = /^([+-]?)([\dA-Fa-fXxOoBb_]+)$/.exec(given) ?? [];
  const plain = digits.replace(/(?<=[\dA-Fa-f])_(?=[\dA-Fa-f])/g, '');
  const value = Number(/^0\d/.test(plain) ? `0o${plain.slice(1)}` : plain === '' ? Number.NaN : plain);
  const signed = sign === '-' ? -value : value;
  if (!Number.isInteger(signed) || signed < least || signed > 2 ** 32 - 1) return wrong(given, 'a whole number');
  return signed;
}

function wrong(given: string, right: string): never {
  throw new RangeError(given === '' ? `an empty value is not ${right}` : `${JSON.stringify(given)} is not ${right}`);
}
