import { randomBytes } from 'node:crypto';
import { link, mkdir, open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * The whole file or none of it, on stable storage when this resolves: written beside its place, synced, put there,
 * the directory synced. A crash leaves at most a file that ends in `.tmp`. With `exclusive` an existing file is never
 * replaced (EEXIST).
 */
export async function writeDurably(
  path: string,
  content: Uint8Array | string,
  { mode = 0o644, exclusive = false } = {},
): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const beside = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await writeSynced(beside, content, mode);
    if (exclusive) await link(beside, path);
    else await rename(beside, path);
  } finally {
    await unlink(beside).catch(() => {});
  }
  await syncDirectory(dirname(path));
}

async function writeSynced(path: string, content: Uint8Array | string, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Adds to the end of a file and syncs it. A crash can leave the last line torn. */
export async function appendDurably(path: string, content: string, mode = 0o644): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const file = await open(path, 'a', mode);
  try {
    const isNew = (await file.stat()).size === 0;
    await file.writeFile(content);
    await file.sync();
    if (isNew) await syncDirectory(dirname(path));
  } finally {
    await file.close();
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
