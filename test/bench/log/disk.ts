import { closeSync, fdatasyncSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { percentile } from '../median.ts';

/** What the stores of a benchmark are on. */
export interface Disk {
  readonly fileSystem: string;
  /** ms of an append of 4 KiB with fdatasync. */
  readonly syncP50: number;
  readonly syncP99: number;
}

const block = Buffer.alloc(4096, 1);

export function measureDisk(times: number): Disk {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-disk-'));
  const file = openSync(join(folder, 'file'), 'w');
  try {
    const ms = Array.from({ length: times }, () => {
      const began = performance.now();
      writeSync(file, block);
      fdatasyncSync(file);
      return performance.now() - began;
    });
    return { fileSystem: fileSystemOf(folder), syncP50: percentile(ms, 0.5), syncP99: percentile(ms, 0.99) };
  } finally {
    closeSync(file);
    rmSync(folder, { recursive: true });
  }
}

/** Of the mount with the longest name that the folder lies under. */
function fileSystemOf(folder: string): string {
  const mounts = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, at = '-']) => `${folder}${sep}`.startsWith(at === sep ? at : `${at}${sep}`))
    .sort(([, left = ''], [, right = '']) => left.length - right.length);
  const [device = 'unknown', , kind = 'unknown'] = mounts.at(-1) ?? [];
  return `${kind} on ${device}`;
}
