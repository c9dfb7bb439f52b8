import { openSession } from './open-session.ts';
import type { Dial } from './postgres-tree.ts';
import type { Session } from './session.ts';
import type { PostgresSettings } from './settings.ts';

/** A session for reading: opened when it is first needed, and again after it was lost. */
export class Redial {
  readonly #settings: PostgresSettings;
  #session: Session | undefined;

  constructor(settings: PostgresSettings) {
    this.#settings = settings;
  }

  readonly dial: Dial = async () => {
    if (this.#session === undefined || this.#session.lost) this.#session = await openSession(this.#settings);
    return this.#session;
  };

  async close(): Promise<void> {
    await this.#session?.close();
  }
}
