import { StoreError } from '../store-error.ts';
import { openSession } from './open-session.ts';
import type { Session } from './session.ts';
import { type PostgresSettings, placeOf } from './settings.ts';

/**
 * A session of one of the servers that write a log. Any number may be there, and none beside whoever takes the log
 * elsewhere; the server's lock goes with the session. Rejects with StoreError `locked`.
 */
export async function openAsServer(settings: PostgresSettings, answerWithinMs?: number): Promise<Session> {
  return open(settings, 'pg_try_advisory_lock_shared', 'it is being moved', answerWithinMs);
}

/** A session beside which no server writes the log. Rejects with StoreError `locked`. */
export async function openAlone(settings: PostgresSettings): Promise<Session> {
  return open(settings, 'pg_try_advisory_lock', 'a server has it open');
}

async function open(
  settings: PostgresSettings,
  take: 'pg_try_advisory_lock' | 'pg_try_advisory_lock_shared',
  why: string,
  answerWithinMs?: number,
): Promise<Session> {
  const session = await openSession(settings, answerWithinMs);
  try {
    const [row] = await session.query(`SELECT ${take}(hashtext('countersign.log'), hashtext($1)) AS taken`, [
      settings.schema,
    ]);
    if (row?.taken !== true) throw new StoreError('locked', `${placeOf(settings)}: ${why}`);
    return session;
  } catch (thrown) {
    session.destroy();
    throw thrown;
  }
}
