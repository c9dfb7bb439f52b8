import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import Type from 'typebox';
import * as Value from 'typebox/value';
import { writeDurably } from '#keys/durable-file.ts';
import type { Cursors, Held, Place } from './cursor.ts';

const schema = Type.Object(
  { next: Type.Integer({ minimum: 0 }), memo: Type.Optional(Type.String()) },
  { additionalProperties: false },
);

/** A small file for each sink, beside a log that one server alone has. */
export class FileCursors implements Cursors {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async hold(sink: string): Promise<Held> {
    const file = cursorFile(this.#directory, sink);
    let place = (await readCursor(file)) ?? { next: 0 };
    return {
      get place() {
        return place;
      },
      lost: false,
      async save(saved) {
        await writeCursor(file, saved);
        place = saved;
      },
      release: async () => {},
    };
  }
}

const ending = '.cursor';
export const cursorFile = (directory: string, sink: string) => join(directory, `${sink}${ending}`);

/** Those of all sinks that have ever taken anything, by name. Rejects for a file that is no cursor. */
export async function readCursors(directory: string): Promise<ReadonlyMap<string, Place>> {
  const places = new Map<string, Place>();
  for (const file of await cursorFilesIn(directory)) {
    const place = await readCursor(file);
    if (place !== undefined) places.set(basename(file, ending), place);
  }
  return places;
}

export async function cursorFilesIn(directory: string): Promise<readonly string[]> {
  const names = existsSync(directory) ? await readdir(directory) : [];
  return names
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => join(directory, name));
}

export const writeCursor = (file: string, place: Place): Promise<void> =>
  writeDurably(file, `${JSON.stringify(place)}\n`);

/** Undefined where the sink has never taken anything. Rejects for a file that is no cursor. */
export async function readCursor(file: string): Promise<Place | undefined> {
  const text = await readFile(file, 'utf8').catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code === 'ENOENT') return undefined;
    throw thrown;
  });
  if (text === undefined) return undefined;
  const value: unknown = JSON.parse(text);
  if (Value.Check(schema, value)) return value;
  throw new Error(`${file} is no cursor of a sink`);
}
