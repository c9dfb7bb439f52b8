import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeEntry, type Entry } from '#audit/entry.ts';
import { writeDurably } from '#keys/durable-file.ts';
import type { DurableLog } from '#store/log.ts';

const loadedTypes = ['config.loaded', 'policy.loaded'] as const;
type LoadedType = (typeof loadedTypes)[number];

/** Newest records that are looked through: whoever died between a record and its bookmark left it among these. */
const newest = 1_000;

/**
 * Which configuration and policies the log was told of last, so that a change made while no server ran is recorded
 * as one. Beside the log stands a bookmark, `last-loaded.json`; what it points to is believed for what it says itself.
 */
export class LastLoaded {
  readonly #file: string;
  readonly #log: Pick<DurableLog, 'entry' | 'entries' | 'size'>;
  readonly #ours: (entry: Entry) => boolean;

  /** `ours` tells our own records from those of others in a log that is shared. */
  constructor(
    directory: string,
    log: Pick<DurableLog, 'entry' | 'entries' | 'size'>,
    ours: (entry: Entry) => boolean = () => true,
  ) {
    this.#file = join(directory, 'last-loaded.json');
    this.#log = log;
    this.#ours = ours;
  }

  /** The newest record of each type; none before the first. */
  async find(): Promise<Partial<Record<LoadedType, Entry>>> {
    const { size } = this.#log;
    const recent = (await this.#log.entries(Math.max(0, size - newest), size)).map(decodeEntry).filter(this.#ours);
    const marks = await this.#marks();
    const found: Partial<Record<LoadedType, Entry>> = {};
    for (const type of loadedTypes) {
      const entry = recent.findLast((each) => each.type === type) ?? (await this.#entryAt(marks[type], type));
      if (entry !== undefined) found[type] = entry;
    }
    return found;
  }

  /** To be called once the records at these indexes are durable. A crash before it leaves records that `find` still meets. */
  async remember(indexes: Partial<Record<LoadedType, number>>): Promise<void> {
    const marks = { ...(await this.#marks()), ...indexes };
    await writeDurably(this.#file, `${JSON.stringify(marks)}\n`);
  }

  async #entryAt(index: unknown, type: LoadedType): Promise<Entry | undefined> {
    if (typeof index !== 'number' || !Number.isSafeInteger(index) || index < 0) return undefined;
    const bytes = await this.#log.entry(index);
    const entry = bytes && decodeEntry(bytes);
    return entry?.type === type ? entry : undefined;
  }

  /** A bookmark that is lost or damaged costs the comparison and nothing else. */
  async #marks(): Promise<Readonly<Record<string, unknown>>> {
    try {
      const marks: unknown = JSON.parse(await readFile(this.#file, 'utf8'));
      return typeof marks === 'object' && marks !== null ? { ...marks } : {};
    } catch {
      return {};
    }
  }
}
