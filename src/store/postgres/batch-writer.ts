import { randomUUID } from 'node:crypto';
import { setTimeout as pauseFor } from 'node:timers/promises';
import type { PlacedDisclosure } from '#audit/disclosure.ts';
import { emptyRoot } from '#audit/merkle.ts';
import { checkTail } from '../check.ts';
import { GivenUp } from '../group-commit.ts';
import type { Head } from '../head.ts';
import { StoreError } from '../store-error.ts';
import type { Committed } from '../writer-messages.ts';
import { type Appended, appendBatch, appendOnce, type Batch, InDoubt, type Known } from './append-batch.ts';
import { migrate } from './migrate.ts';
import { headOf, PostgresTree } from './postgres-tree.ts';
import { openAsServer } from './presence.ts';
import { Remembered } from './remembered.ts';
import { Rejected, type Session } from './session.ts';
import { type PostgresSettings, placeOf } from './settings.ts';
import { statements } from './statements.ts';

/** ms before a lost connection is opened again: the first time, and at the most. */
const firstPauseMs = 20;
const longestPauseMs = 1_000;

/** ms, at the least, for an answer to what a batch needs. */
const answerAtLeastMs = 1_000;

/** Unique violation: there is an entry where the tree has none. */
const uniqueViolation = '23505';

/** Told whether the database can be written: what is in the way, or undefined once nothing is any more. */
type Reach = (problem: string | undefined) => void;

/** Writes one replica's batches into the tree that all share, over one connection at a time. */
export class BatchWriter {
  /** One life of one replica. */
  readonly #writer = randomUUID();
  readonly #settings: PostgresSettings;
  readonly #reach: Reach;
  #session: Session;
  #known: Known;
  /** Since when nothing could be written, by the monotonic clock. */
  #awaySince: number | undefined;
  #busy = false;
  #recovery: NodeJS.Timeout | undefined;
  #closed = false;

  private constructor(settings: PostgresSettings, reach: Reach, session: Session, known: Known) {
    this.#settings = settings;
    this.#reach = reach;
    this.#session = session;
    this.#known = known;
  }

  /** Connects, brings the schema up to date, and looks at the tree's newest part. Rejects with StoreError. */
  static async open(settings: PostgresSettings, origin: string, reach: Reach): Promise<BatchWriter> {
    const session = await openAsServer(settings);
    try {
      await migrate(session, settings.schema);
      const remembered = await begin(session, settings, origin);
      // From here on callers wait.
      session.answerWithinMs = answerWithinMs(settings);
      return new BatchWriter(settings, reach, session, remembered);
    } catch (thrown) {
      session.destroy();
      throw thrown;
    }
  }

  get head(): Head {
    return this.#known.remembered.head;
  }

  /**
   * Resolves once the batch is on stable storage. Rejects with GivenUp where the database was away for too long, and with
   * anything else where it is not what it was: then nothing may be written any more.
   */
  async commit(packed: ArrayBuffer, now: number, disclosures: readonly PlacedDisclosure[] = []): Promise<Committed> {
    this.#busy = true;
    try {
      return await this.#commit({ packed, id: randomUUID(), now, disclosures });
    } finally {
      this.#busy = false;
    }
  }

  async #commit(batch: Batch): Promise<Committed> {
    const begun = performance.now();
    let pause = firstPauseMs;
    let inDoubt = false;
    for (;;) {
      try {
        const committed = await this.#attempt(batch, inDoubt);
        this.#isBack();
        return committed;
      } catch (thrown) {
        inDoubt ||= thrown instanceof InDoubt;
        this.#isAway(asFatal(thrown));
        const waited = performance.now() - (this.#awaySince ?? begun);
        if (waited + pause > this.#settings.patienceMs) {
          this.#recoverLater();
          throw new GivenUp(wordsOf(thrown), { cause: thrown });
        }
        await pauseFor(pause);
        pause = Math.min(2 * pause, longestPauseMs);
      }
    }
  }

  async close(): Promise<void> {
    clearTimeout(this.#recovery);
    this.#closed = true;
    await this.#session.query(statements.forgetWriter, [this.#writer]).catch(() => {});
    await this.#session.close();
  }

  async #attempt(batch: Batch, inDoubt: boolean): Promise<Committed> {
    if (this.#session.lost) this.#session = await openAsServer(this.#settings, answerWithinMs(this.#settings));
    const { first, head, known } = await this.#append(batch, inDoubt);
    this.#known = known;
    return { first, head };
  }

  #append(batch: Batch, inDoubt: boolean): Promise<Appended> {
    if (inDoubt) return appendOnce(this.#session, this.#writer, batch, this.#known.remembered);
    return appendBatch(this.#session, this.#writer, batch, this.#known);
  }

  /** Whatever went wrong half way, the connection goes with its transaction. */
  #isAway(problem: Error): void {
    this.#session.destroy();
    this.#known = { ...this.#known, alone: false };
    if (this.#awaySince !== undefined) return;
    this.#awaySince = performance.now();
    this.#reach(wordsOf(problem));
  }

  /** Nobody may come with a batch before we say that it can be written again. */
  #recoverLater(): void {
    clearTimeout(this.#recovery);
    this.#recovery = setTimeout(() => void this.#recover(), longestPauseMs);
  }

  async #recover(): Promise<void> {
    if (this.#busy || this.#closed || this.#awaySince === undefined) return;
    const session = await openAsServer(this.#settings, answerWithinMs(this.#settings)).catch(() => undefined);
    if (session === undefined) {
      this.#recoverLater();
    } else if (this.#busy || this.#closed || !this.#session.lost) {
      session.destroy();
    } else {
      this.#session = session;
      this.#isBack();
    }
  }

  #isBack(): void {
    if (this.#awaySince === undefined) return;
    this.#awaySince = undefined;
    this.#reach(undefined);
  }
}

/**
 * A network may swallow what is sent and tell nobody. A server that is only slow loses nothing by it either: what it was told
 * to commit is looked up on the next connection, for which half of the patience is left.
 */
function answerWithinMs({ patienceMs }: PostgresSettings): number {
  return Math.max(answerAtLeastMs, patienceMs / 2);
}

/** The tree as it stands at the start: made where there is none, ours, and whole at its end. */
async function begin(session: Session, settings: PostgresSettings, origin: string): Promise<Known> {
  await session.query(
    'INSERT INTO tree (one, origin, size, root, time) VALUES (1, $1, 0, $2, 0) ON CONFLICT (one) DO NOTHING',
    [origin, emptyRoot],
  );
  // Of one moment: other replicas are writing.
  await session.run('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  const [row] = await session.query(statements.head);
  if (row?.origin !== origin) {
    throw new StoreError(
      'origin',
      `${placeOf(settings)} is the log "${String(row?.origin)}"; the configured origin is "${origin}"`,
    );
  }
  await checkTail(new PostgresTree(async () => session), placeOf(settings));
  const head = headOf(row);
  const tree = Remembered.read(await session.query(Remembered.edge()), head);
  await session.run('COMMIT');
  return { remembered: new Remembered(head, tree), alone: true };
}

/** What must end the server is thrown; what may pass is given back. */
function asFatal(thrown: unknown): Error {
  if (thrown instanceof StoreError && thrown.code !== 'unreachable') throw thrown;
  if (thrown instanceof Rejected && thrown.code === uniqueViolation) {
    throw new StoreError('damaged', `there is an entry where the tree has none: ${thrown.message}`, undefined, {
      cause: thrown,
    });
  }
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

function wordsOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
