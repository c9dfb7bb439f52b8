import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeEvent } from '#audit/entry.ts';
import { GroupCommit } from '#store/group-commit.ts';
import type { PostgresWriterData } from '#store/postgres/thread-data.ts';
import { logDatabase } from '#store/sqlite/open-log.ts';
import type { SqliteWriterData } from '#store/sqlite/thread-data.ts';
import { Writer } from '#store/writer.ts';
import { deniedEvent } from '#test/audit/example-event.ts';
import type { PostgresServer } from '#test/support/postgres/server.ts';
import { median } from '../median.ts';
import type { Effort } from '../plan.ts';
import type { EngineName } from './appends.ts';
import { benchRecord } from './record.ts';

/** A store that holds so many rows beside one that holds none. */
export interface FilledResult {
  readonly engine: EngineName;
  readonly rows: number;
  /** Appends a second, 64 waiting at any time. */
  readonly rate: number;
  /** ms from the start of the thread that writes to its first batch: the store opened and its newest part checked. */
  readonly openMs: number;
  /** CPU of our process for a record, µs; a database's comes on top. */
  readonly cpuMicros: number;
  /** Its rate over that of the empty store, of two runs side by side; the median. */
  readonly ofEmpty: number;
  /** The same of CPU, the empty store's over its own, which a noisy machine disturbs less. */
  readonly cpuOfEmpty: number;
}

const callers = 64;
const origin = 'log.example.com/bench';
/** Records of a filling commit. */
const bulk = 4_096;

/** The writing thread of each engine on stores of these sizes, in turn, round after round. */
export async function measureFilled(
  database: PostgresServer | undefined,
  sizes: readonly number[],
  effort: Effort,
  progress: (what: string) => void,
): Promise<FilledResult[]> {
  const results: FilledResult[] = [];
  for (const engine of database === undefined ? (['sqlite'] as const) : (['sqlite', 'postgres'] as const)) {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-filled-'));
    try {
      await using stack = new AsyncDisposableStack();
      const stores: Store[] = [];
      for (const rows of [0, ...sizes]) {
        const open = () => (engine === 'sqlite' ? openSqlite(folder, rows) : openPostgres(folder, rows, database));
        stores.push(
          stack.use(await Store.filled(open, rows, (done) => progress(`${engine}: ${done} of ${rows} rows`))),
        );
      }
      results.push(...(await compared(engine, stores, effort)));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return results;
}

async function compared(engine: EngineName, stores: readonly Store[], effort: Effort): Promise<FilledResult[]> {
  const runs = stores.map((): Speed[] => []);
  for (const store of stores) await store.append(effort.warmUp);
  for (let round = 0; round < 2 * effort.rounds; round++) {
    // To and fro, so that none always comes after the same.
    const order = round % 2 === 0 ? [...stores.keys()] : [...stores.keys()].reverse();
    for (const at of order) await stores[at]?.append(effort.seconds).then((speed) => runs[at]?.push(speed));
  }
  return stores.map(({ rows, openMs }, at) => ({
    engine,
    rows,
    openMs,
    rate: median((runs[at] ?? []).map(({ rate }) => rate)),
    cpuMicros: median((runs[at] ?? []).map(({ cpuMicros }) => cpuMicros)),
    ofEmpty: median((runs[at] ?? []).map(({ rate }, round) => rate / (runs[0]?.[round]?.rate ?? Number.NaN))),
    cpuOfEmpty: median(
      (runs[at] ?? []).map(({ cpuMicros }, round) => (runs[0]?.[round]?.cpuMicros ?? Number.NaN) / cpuMicros),
    ),
  }));
}

type Speed = Pick<FilledResult, 'rate' | 'cpuMicros'>;

type Open = () => ReturnType<typeof Writer.open>;

function openSqlite(folder: string, rows: number): ReturnType<typeof Writer.open> {
  const directory = join(folder, `${rows}`);
  mkdirSync(directory, { recursive: true });
  const data: SqliteWriterData = { database: logDatabase(directory), lock: join(directory, 'log.lock'), origin };
  return Writer.open(new URL('../../../src/store/sqlite/writer-thread.ts', import.meta.url), data);
}

function openPostgres(folder: string, rows: number, database?: PostgresServer): ReturnType<typeof Writer.open> {
  if (database === undefined) throw new RangeError('there is no database');
  const data: PostgresWriterData = {
    settings: database.settings(`filled_${rows}`),
    lock: join(folder, `${rows}.lock`),
    origin,
  };
  return Writer.open(new URL('../../../src/store/postgres/writer-thread.ts', import.meta.url), data);
}

class Store implements AsyncDisposable {
  readonly rows: number;
  readonly openMs: number;
  readonly #writer: Writer;
  readonly #group: GroupCommit;
  #next = 0;

  private constructor(rows: number, openMs: number, writer: Writer) {
    this.rows = rows;
    this.openMs = openMs;
    this.#writer = writer;
    const bounds = { batch: 256, outstanding: 4_096, linger: 10 };
    const commit = async (events: Parameters<Writer['commit']>[0]) => (await writer.commit(events, Date.now())).first;
    this.#group = new GroupCommit(commit, bounds, (cause) => {
      throw cause;
    });
  }

  /** Filled by the writing thread itself, in large commits of small records, and opened anew. */
  static async filled(open: Open, rows: number, progress: (done: number) => void): Promise<Store> {
    const { writer: filling } = await open();
    const events = Array.from({ length: bulk }, (_, n) => encodeEvent(deniedEvent(n)));
    for (let done = 0; done < rows; done += bulk) {
      await filling.commit(events.slice(0, rows - done), Date.now());
      progress(done);
    }
    await filling.close();
    const began = performance.now();
    const { writer } = await open();
    return new Store(rows, performance.now() - began, writer);
  }

  async append(seconds: number): Promise<Speed> {
    const before = this.#next;
    const cpuBefore = process.cpuUsage();
    const began = performance.now();
    const end = began + seconds * 1000;
    const caller = async () => {
      while (performance.now() < end) await this.#group.append(encodeEvent(benchRecord(this.#next++)));
    };
    await Promise.all(Array.from({ length: callers }, caller));
    const { user, system } = process.cpuUsage(cpuBefore);
    const done = this.#next - before;
    return { rate: (done * 1000) / (performance.now() - began), cpuMicros: (user + system) / done };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#group.close();
    await this.#writer.close();
  }
}
