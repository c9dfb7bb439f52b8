import { randomUUID } from 'node:crypto';
import { StoreError } from '../store-error.ts';

/** SQLSTATEs of a prepared statement that is there already, and of one that is not: somebody else uses the connection too. */
const foreignNames: readonly string[] = ['42P05', '26000'];

type Rows = readonly Readonly<Record<string, unknown>>[];

/** A session, as far as it is asked here. */
interface Asked {
  query(text: string, values?: readonly unknown[]): Promise<Rows>;
  run(text: string): Promise<void>;
  destroy(): void;
}

const ask = "SELECT current_setting('countersign.session', true) AS mark";

/**
 * Rejects with StoreError `unsafe` where a pooler gives each transaction to another of its connections (PgBouncer's
 * `pool_mode = transaction`): settings and locks of a session do not hold there, and while little goes on nothing else tells.
 * Asked where the connection began with another number of a process than the server has, as behind a pooler: a second
 * client must not see, within a transaction, what was set for the first, and the first must still.
 */
export async function demandOwnSession(session: Asked, another: () => Promise<Asked>): Promise<void> {
  const mark = randomUUID();
  await session.query("SELECT set_config('countersign.session', $1, false)", [mark]);
  const other = await another();
  try {
    // One after the other: a pooler that allows no transactions says so, and hangs up.
    await other.run('BEGIN');
    const [theirs] = await other.query(ask);
    const [ours] = await session.query(ask);
    if (theirs?.mark === mark || ours?.mark !== mark) throw sharedConnection();
  } finally {
    other.destroy();
  }
}

/** What the code of an error tells of a connection that others use too. */
export function poolerBehind(code: string): StoreError | undefined {
  return foreignNames.includes(code) ? sharedConnection() : undefined;
}

function sharedConnection(): StoreError {
  return new StoreError(
    'unsafe',
    "the log's database is behind a pooler that gives a session's transactions to several connections, where neither its settings nor its locks hold: let it keep a session to a client (PgBouncer: pool_mode = session)",
  );
}
