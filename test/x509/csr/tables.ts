import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { toPem } from '#x509/pem.ts';
import type { Facts } from './valid-requests.ts';

/** Requests written by generate.ts, one a line, fields between tabs. */
export interface InvalidCase {
  readonly row: string;
  readonly code: string;
  readonly name: string;
  readonly pem: string;
}

export interface ValidCase {
  readonly name: string;
  readonly facts: Facts;
  readonly pem: string;
}

const lines = (file: string) =>
  readFileSync(join(import.meta.dirname, file), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split('\t'));

function pemOf(form: string, input: string): string {
  if (form === 'der') return toPem('CERTIFICATE REQUEST', Buffer.from(input, 'base64'));
  const text: unknown = JSON.parse(input);
  if (typeof text !== 'string') throw new TypeError('a PEM case is a JSON string');
  return text;
}

export const invalidCases: readonly InvalidCase[] = lines('invalid.txt').map(
  ([row = '', code = '', name = '', form = '', input = '']) => ({ row, code, name, pem: pemOf(form, input) }),
);

export const validCases: readonly ValidCase[] = lines('valid.txt').map(
  ([name = '', facts = '', form = '', input = '']) => ({ name, facts: JSON.parse(facts), pem: pemOf(form, input) }),
);
