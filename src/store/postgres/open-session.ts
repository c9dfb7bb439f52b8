import { escapeIdentifier } from 'pg';
import { StoreError } from '../store-error.ts';
import { demandOwnSession, poolerBehind } from './pooler.ts';
import { Rejected, Session } from './session.ts';
import type { PostgresHost, PostgresSettings } from './settings.ts';

/** ms for an answer, unless told: past it the connection is as good as lost, and is let go. */
const longestAnswerMs = 30_000;
/** ms for which another may hold the tree's row before we give up, and for which anybody may sit on it doing nothing. */
const lockWithinMs = 5_000;
/** ms for an answer to a second client, which a pooler may let wait for a connection. */
const secondWithinMs = 5_000;

/**
 * A session with a server that takes writes, set up for a log. Tries the hosts in turn. Rejects with StoreError `unreachable` or
 * `unsafe`.
 */
export async function openSession(settings: PostgresSettings, answerWithinMs = longestAnswerMs): Promise<Session> {
  const problems: string[] = [];
  for (const host of settings.hosts) {
    try {
      return await openAt(host, settings, answerWithinMs);
    } catch (thrown) {
      if (thrown instanceof StoreError && thrown.code === 'unsafe') throw thrown;
      problems.push(`${host.host}:${host.port}: ${thrown instanceof Error ? wordsOf(thrown) : String(thrown)}`);
    }
  }
  throw new StoreError('unreachable', `the log's database cannot be used: ${problems.join('; ')}`);
}

async function openAt(host: PostgresHost, settings: PostgresSettings, answerWithinMs: number): Promise<Session> {
  const session = await Session.connect(host, settings, answerWithinMs);
  try {
    const pid = await prepare(session, settings.schema);
    if (pid !== session.process) await demandOwnSession(session, () => Session.connect(host, settings, secondWithinMs));
    return session;
  } catch (thrown) {
    session.destroy();
    throw (thrown instanceof Rejected && poolerBehind(thrown.code)) || thrown;
  }
}

/** Gives the number of the server's process. */
async function prepare(session: Session, schema: string): Promise<unknown> {
  const [facts] = await session.query(
    `SELECT pg_is_in_recovery() AS standby, current_setting('transaction_read_only') AS read_only,
      current_setting('synchronous_commit') AS commits, current_setting('fsync') AS fsync,
      current_setting('full_page_writes') AS pages, pg_backend_pid() AS pid`,
  );
  if (facts?.standby === true) throw new Error('a standby, which takes no writes');
  if (facts?.read_only === 'on') throw new Error('it takes no writes (default_transaction_read_only)');
  for (const [setting, value] of [['fsync', facts?.fsync] as const, ['full_page_writes', facts?.pages] as const]) {
    if (value === 'on') continue;
    const message = `the log's database runs with ${setting} = ${String(value)}: what it acknowledges may be lost; turn it on`;
    throw new StoreError('unsafe', message);
  }
  // remote_apply waits for more than we ask; whatever else stands there, a commit must outlive the server that it was made on.
  const commits = facts?.commits === 'remote_apply' ? 'remote_apply' : 'on';
  // jit and workers: each statement finds few rows by a key, in less time than it takes to compile it (25 ms) or to start workers
  // for it (5 ms), as is done where the planner expects more.
  await session.run(`
    SET synchronous_commit = ${commits};
    SET search_path = ${escapeIdentifier(schema)};
    SET lock_timeout = ${lockWithinMs};
    SET idle_in_transaction_session_timeout = ${lockWithinMs};
    SET statement_timeout = 0;
    SET jit = off;
    SET max_parallel_workers_per_gather = 0;
    SET default_transaction_isolation = 'read committed'`);
  return facts?.pid;
}

function wordsOf(error: Error): string {
  // What Node gives for a name with several addresses has no message of its own.
  if (error instanceof AggregateError) return error.errors.map((each) => String(each?.message ?? each)).join(', ');
  return error.message;
}
