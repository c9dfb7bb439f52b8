import { hash, randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ArchiveConflict, type ArchiveTarget } from './target.ts';

/** A folder, on another machine's disk at best. Several replicas may write it. */
export class DirectoryTarget implements ArchiveTarget {
  readonly name: string;
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
    this.name = directory;
  }

  async put(path: string, octets: Uint8Array): Promise<void> {
    const file = join(this.#directory, path);
    if (await this.#holds(file, octets)) return;
    const folder = dirname(file);
    await mkdir(folder, { recursive: true });
    // A crash leaves it behind under a name that nobody reads.
    const temporary = join(folder, `.archiving-${randomUUID()}`);
    try {
      await writeSynced(temporary, octets);
      // Unlike a rename, a link never takes the place of a file.
      await link(temporary, file).catch(unlessThere);
    } finally {
      await rm(temporary, { force: true });
    }
    await syncFolder(folder);
    if (!(await this.#holds(file, octets))) throw new Error(`${file} is not there after it was written`);
  }

  async #holds(file: string, octets: Uint8Array): Promise<boolean> {
    const there = await readFile(file).catch(whereMissing);
    if (there === undefined) return false;
    if (hash('sha256', there) === hash('sha256', octets)) return true;
    throw new ArchiveConflict(`${file} holds something else: it is left as it is`);
  }
}

async function writeSynced(file: string, octets: Uint8Array): Promise<void> {
  const handle = await open(file, 'wx', 0o444);
  try {
    await handle.writeFile(octets);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const codeOf = (thrown: unknown) => (thrown instanceof Error && 'code' in thrown ? thrown.code : undefined);

function unlessThere(thrown: unknown): void {
  if (codeOf(thrown) !== 'EEXIST') throw thrown;
}

function whereMissing(thrown: unknown): undefined {
  if (codeOf(thrown) !== 'ENOENT') throw thrown;
}
