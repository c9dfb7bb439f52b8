import type { Cursors, Held } from './cursor.ts';

export interface OfLog {
  /** Entries of the log that are durable. */
  readonly size: () => Promise<number>;
  /** What an operator would call the cursor of a sink: its file, or its row. */
  readonly where: (sink: string) => string;
}

/**
 * Cursors of one log alone. One that stands where the log has not come to is another log's: whoever followed it would
 * bring nothing until the log had passed it, and then what is behind it.
 */
export class CursorsOfLog implements Cursors {
  readonly #cursors: Cursors;
  readonly #log: OfLog;

  constructor(cursors: Cursors, log: OfLog) {
    this.#cursors = cursors;
    this.#log = log;
  }

  async hold(sink: string): Promise<Held | undefined> {
    const held = await this.#cursors.hold(sink);
    if (held === undefined) return undefined;
    try {
      await this.#check(sink, held.place.next);
      return held;
    } catch (thrown) {
      await held.release().catch(() => {});
      throw thrown;
    }
  }

  async #check(sink: string, next: number): Promise<void> {
    const size = await this.#log.size();
    if (next <= size) return;
    throw new Error(
      `${this.#log.where(sink)} stands at entry ${next} and the log has ${size}: it is another log's; once it is removed, all of this log is brought`,
    );
  }
}
