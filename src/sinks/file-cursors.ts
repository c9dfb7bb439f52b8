import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
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
        await writeDurably(file, `${JSON.stringify(saved)}\n`);
        place = saved;
      },
      release: async () => {},
    };
  }
}

export const cursorFile = (directory: string, sink: string) => join(directory, `${sink}.cursor`);

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
