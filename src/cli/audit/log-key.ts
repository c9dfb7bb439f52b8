import { existsSync, readFileSync } from 'node:fs';
import { Failure } from '../failure.ts';
import type { Home } from '../home.ts';

/** The vkey that was given as `option`, itself or in a file, a line each where there are several; else the home's. Throws Failure. */
export function readLogKey(given: string | undefined, home: Home, option = '--key'): string {
  if (given !== undefined && !existsSync(given) && /^[^+\s]+\+[0-9a-f]{8}\+\S+$/.test(given)) return given;
  const file = given ?? home.logKey;
  if (given === undefined && !existsSync(file)) {
    throw new Failure('usage', `give the log's public key: ${option} VKEY or ${option} FILE; there is no ${file}`);
  }
  return readFileSync(file, 'utf8');
}
