import { type ChildProcess, fork } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import type { PostgresSettings } from '#store/postgres/settings.ts';
import type { PostgresServer } from '#test/support/postgres/server.ts';
import { median, percentile } from '../median.ts';
import type { Effort } from '../plan.ts';
import type { Appended } from './replica.ts';

export type EngineName = 'sqlite' | 'postgres';

/** The log alone: so many replicas with so many callers each, who wait for one record before they bring the next. */
export interface AppendResult {
  readonly engine: EngineName;
  readonly replicas: number;
  readonly callers: number;
  /** Records per second, of all replicas together. */
  readonly rate: number;
  /** ms from an append to its index. */
  readonly p50: number;
  readonly p99: number;
  readonly recordsPerBatch: number;
  /** CPU of the replicas for a record, µs; the database's comes on top. */
  readonly cpuMicros: number;
}

/** Each way in turn, round after round; medians of the rounds. */
export async function measureAppends(
  database: PostgresServer | undefined,
  effort: Effort,
  replicaCounts: readonly number[],
  callerCounts: readonly number[],
): Promise<AppendResult[]> {
  const results: AppendResult[] = [];
  for (const callers of callerCounts) {
    await using ways = new AsyncDisposableStack();
    const groups = [ways.use(await Group.start('sqlite', 1, callers, undefined))];
    for (const replicas of database === undefined ? [] : replicaCounts) {
      const settings = database?.settings(`bench_${callers}_${replicas}`);
      groups.push(ways.use(await Group.start('postgres', replicas, callers, settings)));
    }
    for (const group of groups) await group.append(effort.warmUp);
    const rounds = groups.map((): AppendResult[] => []);
    for (let round = 0; round < effort.rounds; round++) {
      for (const [at, group] of groups.entries()) rounds[at]?.push(await group.append(effort.seconds));
    }
    results.push(...rounds.map(medianOf));
  }
  return results;
}

class Group implements AsyncDisposable {
  readonly #children: readonly ChildProcess[];
  readonly #engine: EngineName;
  readonly #callers: number;

  private constructor(children: readonly ChildProcess[], engine: EngineName, callers: number) {
    this.#children = children;
    this.#engine = engine;
    this.#callers = callers;
  }

  static async start(
    engine: EngineName,
    replicas: number,
    callers: number,
    settings: PostgresSettings | undefined,
  ): Promise<Group> {
    const key = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const words = [`${callers}`, key, ...(settings === undefined ? [] : [JSON.stringify(settings)])];
    const children = Array.from({ length: replicas }, () =>
      fork(new URL('./replica.ts', import.meta.url), words, { execArgv: ['--disable-warning=ExperimentalWarning'] }),
    );
    await Promise.all(children.map((child) => heard(child)));
    return new Group(children, engine, callers);
  }

  async append(seconds: number): Promise<AppendResult> {
    const runs = await Promise.all(
      this.#children.map((child) => {
        child.send({ ms: seconds * 1000 });
        return heard(child) as Promise<Appended>;
      }),
    );
    const sum = (of: (run: Appended) => number) => runs.reduce((total, run) => total + of(run), 0);
    const records = sum((run) => run.records);
    const taken = runs.flatMap((run) => run.taken);
    return {
      engine: this.#engine,
      replicas: runs.length,
      callers: this.#callers,
      rate: records / seconds,
      p50: percentile(taken, 0.5),
      p99: percentile(taken, 0.99),
      recordsPerBatch: records / sum((run) => run.batches),
      cpuMicros: sum((run) => run.cpuMicros) / records,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = this.#children.map((child) => once(child, 'exit'));
    for (const child of this.#children) child.disconnect();
    await Promise.all(ended);
  }
}

async function heard(child: ChildProcess): Promise<unknown> {
  const died = once(child, 'exit').then(() => Promise.reject(new Error('a replica of the benchmark ended')));
  died.catch(() => {});
  const [message]: unknown[] = await Promise.race([once(child, 'message'), died]);
  return message;
}

function medianOf(runs: readonly AppendResult[]): AppendResult {
  const [first] = runs;
  if (first === undefined) throw new RangeError('one round at least');
  const of = (pick: (run: AppendResult) => number) => median(runs.map(pick));
  return {
    ...first,
    rate: of((run) => run.rate),
    p50: of((run) => run.p50),
    p99: of((run) => run.p99),
    recordsPerBatch: of((run) => run.recordsPerBatch),
    cpuMicros: of((run) => run.cpuMicros),
  };
}
