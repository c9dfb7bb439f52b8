import { appendDurably } from '#keys/durable-file.ts';
import type { Row } from './driver.ts';

export interface DeadLetter {
  readonly row: Row;
  readonly reason: string;
}

/** Where rows lie that a sink will never take: a line each, durable before the cursor passes them. */
export interface DeadLetters {
  add(letters: readonly DeadLetter[]): Promise<void>;
}

/** A crash can leave a row twice, and the last line torn: `seq` tells. */
export class DeadLetterFile implements DeadLetters {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  async add(letters: readonly DeadLetter[]): Promise<void> {
    const lines = letters.map(({ row: { seq, entry, octets }, reason }) =>
      JSON.stringify({ seq, id: entry.id, time: entry.time, reason, row: Buffer.from(octets).toString('utf8') }),
    );
    await appendDurably(this.#file, `${lines.join('\n')}\n`, 0o600);
  }
}
