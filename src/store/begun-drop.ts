import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { readIfThere, writeDurably } from './durable-file.ts';

/**
 * A file beside the store, from before a record says that bodies go until they are gone: the store knows of such a record only from the
 * first body on that it removes.
 */
export class BegunDrop {
  readonly #file: string;

  constructor(directory: string) {
    this.#file = join(directory, 'dropping');
  }

  /** No index before it has the record; undefined where nothing was begun. A file that is damaged costs looking through the whole log. */
  get from(): number | undefined {
    const octets = readIfThere(this.#file);
    return octets && (Number.parseInt(octets.toString('latin1'), 10) || 0);
  }

  /** Durable before the record is appended to a log of `size`. */
  begin(size: number): void {
    writeDurably(this.#file, `${size}\n`);
  }

  end(): void {
    rmSync(this.#file, { force: true });
  }
}
