import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { writeDurably } from '#keys/durable-file.ts';

/**
 * Puts a finished part in its place: compressed as `file`, its SHA-256 beside it as sha256sum writes it. A crash leaves
 * the part, and perhaps a file that ends in .tmp; the same again ends it.
 */
export async function finish(part: string, file: string): Promise<void> {
  if ((await sizeOf(part)) !== undefined) {
    const temporary = `${file}.tmp`;
    await pipeline(createReadStream(part), createGzip(), createWriteStream(temporary, { flush: true, mode: 0o640 }));
    await rename(temporary, file);
  }
  await writeDurably(`${file}.sha256`, `${await sha256Of(file)}  ${basename(file)}\n`, { mode: 0o640 });
  await syncDirectory(dirname(file));
  await rm(part, { force: true });
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/** Octets of a file; undefined where there is none. */
export async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ size }) => size,
    (thrown: NodeJS.ErrnoException) => {
      if (thrown.code === 'ENOENT') return undefined;
      throw thrown;
    },
  );
}

export async function syncDirectory(path: string): Promise<void> {
  await using directory = await open(path, 'r');
  await directory.sync();
}
