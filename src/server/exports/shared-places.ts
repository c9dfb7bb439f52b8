import { Redial } from '#store/postgres/redial.ts';
import type { PostgresSettings } from '#store/postgres/settings.ts';
import { readPlace } from './postgres-cursors.ts';

/** How far sinks have come that other replicas deliver to. */
export class SharedPlaces {
  readonly #sessions: Redial;

  constructor(settings: PostgresSettings) {
    this.#sessions = new Redial(settings);
  }

  /** The first entry that the sink may not have. Rejects where the database is away. */
  async reached(sink: string): Promise<number> {
    return (await readPlace(await this.#sessions.dial(), sink)).next;
  }

  close(): Promise<void> {
    return this.#sessions.close();
  }
}
