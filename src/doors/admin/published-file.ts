import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeBundle } from '#audit/bundle.ts';
import { hashLength } from '#audit/merkle.ts';
import type { LogFile, TileFile } from './log-path.ts';

/** An open file and how many of its octets are what was asked for. */
export interface Found {
  readonly file: FileHandle;
  readonly length: number;
}

/**
 * A file of the published log. Where a partial tile is not there, a longer one begins with it: another replica may have published
 * at that size, or it has given way to the full one. Undefined where there is none; rejects for what is no file.
 */
export async function findPublished(published: string, wanted: LogFile): Promise<Found | undefined> {
  const exact = await opened(join(published, wanted.path), whole);
  if (exact !== undefined || wanted.kind !== 'partial' || wanted.tile === undefined) return exact;
  const { tile } = wanted;
  const beginning = (file: FileHandle) => beginningOf(file, tile);
  const full = join(published, tile.whole);
  for (const longer of await longerParts(`${full}.p`, tile.width)) {
    const found = await opened(longer, beginning);
    if (found !== undefined) return found;
  }
  // Last, since the others go when it has come.
  return opened(full, beginning);
}

/** Octets of a file that are asked for; undefined where it has not as much. */
type Measure = (file: FileHandle) => Promise<number | undefined>;

const whole: Measure = async (file) => {
  const facts = await file.stat();
  return facts.isFile() ? facts.size : undefined;
};

/** `measure` decides about what is there; what is not used is closed. */
async function opened(path: string, measure: Measure): Promise<Found | undefined> {
  const file = await open(path).catch(missing);
  if (file === undefined) return undefined;
  let length: number | undefined;
  try {
    length = await measure(file);
  } finally {
    if (length === undefined) await file.close();
  }
  return length === undefined ? undefined : { file, length };
}

/** Paths of partial tiles of more than `width`, the shortest first. */
async function longerParts(folder: string, width: number): Promise<string[]> {
  const names = (await readdir(folder).catch(missing)) ?? [];
  const widths = names.map(Number).filter((each) => each > width);
  return widths.sort((a, b) => a - b).map((each) => join(folder, String(each)));
}

async function beginningOf(file: FileHandle, { of, width }: TileFile): Promise<number | undefined> {
  const size = await whole(file);
  if (size === undefined) return undefined;
  if (of === 'hashes') return hashLength * width <= size ? hashLength * width : undefined;
  const bundle = await file.readFile();
  const last = decodeBundle(bundle)[width - 1];
  return last && last.byteOffset + last.length - bundle.byteOffset;
}

/** No such file yet, or no folder on the way to it. */
function missing(thrown: unknown): undefined {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
  throw thrown;
}
