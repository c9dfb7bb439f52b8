import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** Synchronous on purpose: these run in threads of their own, one step after the other. */

/**
 * Puts a whole file in place durably: temporary file, fsync, rename, fsync of the directory. A crash leaves the old
 * file or the new one, and at worst the temporary one, which the next write under that name takes over.
 */
export function writeDurably(
  path: string,
  bytes: Uint8Array | string,
  options: { temporary?: string; beforeRename?: () => void } = {},
): void {
  syncDirectory(writeNamed(path, bytes, options));
}

/** The same less the last step: gives the directory, whose fsync makes the name durable. */
export function writeNamed(
  path: string,
  bytes: Uint8Array | string,
  { temporary = `${path}.tmp`, beforeRename }: { temporary?: string; beforeRename?: () => void } = {},
): string {
  const directory = dirname(path);
  makeDirectory(directory);
  const file = openSync(temporary, 'w', 0o644);
  try {
    const octets = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
    for (let at = 0; at < octets.length; ) at += writeSync(file, octets, at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  beforeRename?.();
  renameSync(temporary, path);
  return directory;
}

/** Makes a directory and its parents, each one's name durable in its parent. */
function makeDirectory(directory: string): void {
  const first = mkdirSync(directory, { recursive: true });
  if (first === undefined) return;
  for (let made = directory; made.length >= first.length; made = dirname(made)) syncDirectory(dirname(made));
}

export function syncDirectory(directory: string): void {
  const handle = openSync(directory, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** The file's octets; undefined when there is no such file. */
export function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined;
    throw thrown;
  }
}

/** Removes a directory with all in it, if it is there. */
export function removeDirectory(path: string): void {
  rmSync(path, { recursive: true, force: true });
}
