import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tileWidth } from './tiles.ts';
import { Unverified } from './unverified.ts';

/** Path of a tile or bundle by its width, such as `(width) => tilePath(0, 7, width)`. */
export type PathByWidth = (width: number) => string;

export interface FoundTile {
  readonly file: string;
  readonly bytes: Buffer;
  readonly full: boolean;
}

/** The files of a published log, by their paths within it. Throws Unverified for one that cannot be read. */
export class PublishedFiles {
  readonly #directory: string;
  readonly #archive: string | undefined;

  /** `archive`: another folder of the same form, for what is no longer in the first. */
  constructor(directory: string, archive?: string) {
    this.#directory = directory;
    this.#archive = archive;
  }

  /** A partial tile may be gone once the full one is there. `index`: first entry that it is about. */
  async tile(path: PathByWidth, width: number, index: number): Promise<FoundTile> {
    const found = await this.tileIfThere(path, width);
    if (found === undefined) throw new Unverified(path(width), index, 'the file is missing');
    return found;
  }

  async tileIfThere(path: PathByWidth, width: number): Promise<FoundTile | undefined> {
    const asked = await this.readIfThere(path(width));
    if (asked !== undefined) return { file: path(width), bytes: asked, full: width === tileWidth };
    const full = await this.readIfThere(path(tileWidth));
    return full && { file: path(tileWidth), bytes: full, full: true };
  }

  /** Widths below `width` of which a partial file is there, from the time when the tree was smaller; in order. */
  async widthsBelow(path: PathByWidth, width: number): Promise<number[]> {
    const names = await readdir(join(this.#directory, `${path(tileWidth)}.p`)).catch(() => []);
    return names
      .map(Number)
      .filter((found) => Number.isInteger(found) && found > 0 && found < width)
      .sort((one, other) => one - other);
  }

  async readIfThere(file: string): Promise<Buffer | undefined> {
    const found = await this.#read(this.#directory, file);
    return found ?? (this.#archive === undefined ? undefined : this.#read(this.#archive, file));
  }

  async #read(directory: string, file: string): Promise<Buffer | undefined> {
    try {
      return await readFile(join(directory, file));
    } catch (cause) {
      if (cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'ENOTDIR')) {
        return undefined;
      }
      throw new Unverified(file, undefined, 'the file cannot be read', { cause });
    }
  }
}
