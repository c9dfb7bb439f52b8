import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** What a script of this folder prints, run by that Python on `input`: a JSON value a line. */
export function readBy(python: string, script: string, input: Uint8Array, ...words: readonly string[]): unknown[] {
  const ran = spawnSync(python, [join(import.meta.dirname, script), ...words], { input, maxBuffer: 64 * 1_048_576 });
  if (ran.status !== 0) throw new Error(`${script}: ${ran.stderr.toString()}`);
  return ran.stdout
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}
