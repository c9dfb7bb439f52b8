import { closeSync, openSync, readSync } from 'node:fs';
import { Failure } from './failure.ts';

/** Far more than any certificate bundle; a wrong file name should not fill the memory. */
const largestInput = 16 * 1024 * 1024;

/** The octets of `path`, or of stdin for `-`. Throws Failure `input` for what is too large. */
export function readInput(path: string): Buffer {
  const fd = path === '-' ? 0 : openSync(path, 'r');
  try {
    return readAll(fd, nameOfInput(path));
  } finally {
    if (path !== '-') closeSync(fd);
  }
}

export const nameOfInput = (path: string) => (path === '-' ? 'stdin' : path);

function readAll(fd: number, name: string): Buffer {
  const parts: Buffer[] = [];
  let total = 0;
  for (;;) {
    const part = Buffer.allocUnsafe(65_536);
    const count = readSync(fd, part, 0, part.length, null);
    if (count === 0) return Buffer.concat(parts, total);
    total += count;
    if (total > largestInput) throw new Failure('input', `${name}: larger than ${largestInput / 1024 / 1024} MiB`);
    parts.push(part.subarray(0, count));
  }
}
