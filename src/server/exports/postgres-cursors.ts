import type { Cursors, Held, Place } from '#sinks/cursor.ts';
import { asInteger } from '#store/postgres/columns.ts';
import { Redial } from '#store/postgres/redial.ts';
import type { Session } from '#store/postgres/session.ts';
import type { PostgresSettings } from '#store/postgres/settings.ts';
import { statements } from '#store/postgres/statements.ts';

/**
 * Cursors in the log's database, for all replicas. Who delivers to a sink holds a lock of its session: when that ends,
 * however it ends, the next replica that asks takes over where the cursor stands. A cursor is saved over that same session,
 * so that whoever lost the lock cannot move it.
 */
export class PostgresCursors implements Cursors {
  readonly #settings: PostgresSettings;
  readonly #sessions: Redial;

  constructor(settings: PostgresSettings) {
    this.#settings = settings;
    this.#sessions = new Redial(settings);
  }

  async hold(sink: string): Promise<Held | undefined> {
    const session = await this.#sessions.dial();
    const lock = [this.#settings.schema, sink];
    const [taken] = await session.query(statements.lockSink, lock);
    if (taken?.taken !== true) return undefined;
    try {
      let place = await readPlace(session, sink);
      return {
        get place() {
          return place;
        },
        get lost() {
          return session.lost;
        },
        async save(saved) {
          await session.query(statements.putCursor, [sink, saved.next, saved.memo ?? null]);
          place = saved;
        },
        release: async () => void (await session.query(statements.unlockSink, lock)),
      };
    } catch (thrown) {
      await session.query(statements.unlockSink, lock).catch(() => {});
      throw thrown;
    }
  }

  close(): Promise<void> {
    return this.#sessions.close();
  }
}

/** Where a sink stands, in whichever replica's hands; the beginning where it never took anything. */
export async function readPlace(session: Session, sink: string): Promise<Place> {
  const [row] = await session.query(statements.cursor, [sink]);
  if (row === undefined) return { next: 0 };
  const next = asInteger(row.next, `the cursor of ${sink}`);
  return typeof row.memo === 'string' ? { next, memo: row.memo } : { next };
}
