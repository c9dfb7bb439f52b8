import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeEntry, type Entry } from '#audit/entry.ts';
import type { EventType } from '#audit/event.ts';
import { memberOf } from '#audit/json-object.ts';
import { writeDurably } from '#keys/durable-file.ts';
import type { DurableLog } from '#store/log.ts';

/** Newest records that are looked through: whoever died between a record and its bookmark left it among these. */
const newest = 1_000;

type Log = Pick<DurableLog, 'entry' | 'entries' | 'size'>;

/**
 * What the log was told of last, of some types. Beside the log stands a bookmark, as reading back from the newest record can mean
 * millions; what it points to is believed for what it says itself.
 */
export class NewestRecords<Type extends EventType> {
  readonly #file: string;
  readonly #types: readonly Type[];
  readonly #log: Log;
  readonly #ours: (entry: Entry) => boolean;

  /** `ours` tells the records that are meant from others of these types. */
  constructor(file: string, types: readonly Type[], log: Log, ours: (entry: Entry) => boolean) {
    this.#file = file;
    this.#types = types;
    this.#log = log;
    this.#ours = ours;
  }

  /** The newest record of each type; none before the first. */
  async find(): Promise<Partial<Record<Type, Entry>>> {
    const { size } = this.#log;
    const recent = (await this.#log.entries(Math.max(0, size - newest), size)).map(decodeEntry).filter(this.#ours);
    const marks = await this.#marks();
    const found: Partial<Record<Type, Entry>> = {};
    for (const type of this.#types) {
      const entry = recent.findLast((each) => each.type === type) ?? (await this.#entryAt(marks[type], type));
      if (entry !== undefined) found[type] = entry;
    }
    return found;
  }

  /** To be called once the records at these indexes are durable. A crash before it leaves records that `find` still meets. */
  async remember(indexes: Partial<Record<Type, number>>): Promise<void> {
    const marks = { ...(await this.#marks()), ...indexes };
    await writeDurably(this.#file, `${JSON.stringify(marks)}\n`);
  }

  async #entryAt(index: unknown, type: Type): Promise<Entry | undefined> {
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

/** Which configuration and policies the log was told of, so that a change made while no server ran is recorded as one. */
export const lastLoaded = (directory: string, log: Log, ours: (entry: Entry) => boolean) =>
  new NewestRecords(join(directory, 'last-loaded.json'), ['config.loaded', 'policy.loaded'], log, ours);
export type LastLoaded = ReturnType<typeof lastLoaded>;

/** Whether the log had a quorum of its witnesses; a witness that has seen another history says nothing of that. */
export const lastWitnessed = (directory: string, log: Log) =>
  new NewestRecords(
    join(directory, 'last-witnessed.json'),
    ['log.witnessed'],
    log,
    ({ change }) => memberOf(memberOf(change, 'content'), 'cosignedBy') !== undefined,
  );
export type LastWitnessed = ReturnType<typeof lastWitnessed>;
