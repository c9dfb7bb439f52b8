import type { PostgresServer } from '#test/support/postgres/server.ts';
import { load, medianRun, type Run } from '../load.ts';
import { median } from '../median.ts';
import type { Effort } from '../plan.ts';
import { softwareSetting } from '../setting.ts';
import { settled } from '../settled.ts';
import { type Subject, startCompared } from '../subject.ts';

/** Issuance with each log beside issuance with none, by as many servers. */
export interface PathResult {
  readonly replicas: number;
  readonly off: Run;
  readonly ways: readonly {
    readonly log: 'sqlite' | 'postgres';
    readonly run: Run;
    /** Its rate over that with the log off, of two runs side by side; the median. */
    readonly ofOff: number;
    /** The same of CPU: that with the log off over its own. */
    readonly cpuOfOff: number;
  }[];
}

export async function measurePath(
  database: PostgresServer | undefined,
  replicas: number,
  effort: Effort,
): Promise<PathResult> {
  await using stack = new AsyncDisposableStack();
  const setting = stack.adopt(softwareSetting(), (made) => made.remove());
  const start = async (kind: 'memory-log' | 'sqlite-log' | 'postgres-log') => {
    const group = await Promise.all(
      Array.from({ length: replicas }, () => startCompared(setting, kind, databaseWords(kind, database, replicas))),
    );
    for (const subject of group) stack.defer(() => subject.stop());
    // each of many is asked less often, and its code is warm so much later
    if (effort.warmUp > 0) await loadAll(group, effort, effort.warmUp * Math.min(replicas, 6));
    return group;
  };
  const off = await start('memory-log');
  const logs = database === undefined ? (['sqlite'] as const) : (['sqlite', 'postgres'] as const);
  const groups = new Map<(typeof logs)[number], readonly Subject[]>();
  for (const log of logs) groups.set(log, await start(`${log}-log`));
  // What gave way to the load before is made up for: inventories follow the log once nobody is served.
  const rested = async () => {
    if (effort.warmUp > 0) await Promise.all([off, ...groups.values()].flat().map(settled));
  };
  const runs: { off: Run; on: Map<string, Run> }[] = [];
  for (let round = 0; round < effort.rounds; round++) {
    await rested();
    const without = await loadAll(off, effort);
    const on = new Map<string, Run>();
    for (const [log, group] of groups) {
      await rested();
      on.set(log, await loadAll(group, effort));
    }
    runs.push({ off: without, on });
  }
  const ways = logs.map((log) => {
    const pairs = runs.flatMap(({ off: without, on }) => {
      const run = on.get(log);
      return run === undefined ? [] : [{ without, run }];
    });
    return {
      log,
      run: medianRun(pairs.map(({ run }) => run)),
      ofOff: median(pairs.map(({ run, without }) => run.rate / without.rate)),
      cpuOfOff: median(pairs.map(({ run, without }) => without.cpuMicros / run.cpuMicros)),
    };
  });
  return { replicas, off: medianRun(runs.map((each) => each.off)), ways };
}

function databaseWords(kind: string, database: PostgresServer | undefined, replicas: number): string[] {
  if (kind !== 'postgres-log' || database === undefined) return [];
  return [JSON.stringify(database.settings(`path_${replicas}`))];
}

/** All at once: rates add up, what one certificate costs and takes is the mean of the servers'. */
async function loadAll(group: readonly Subject[], effort: Effort, seconds = effort.seconds): Promise<Run> {
  const each = Math.max(1, Math.floor(Math.max(...effort.concurrencies) / group.length));
  const runs = await Promise.all(group.map((subject) => load(subject, { concurrency: each }, seconds)));
  const rate = runs.reduce((sum, run) => sum + run.rate, 0);
  const mean = (of: (run: Run) => number) => {
    // A server that was not answered once in a short run has no latencies.
    const known = runs.filter((run) => !Number.isNaN(of(run)));
    return known.reduce((sum, run) => sum + of(run) * run.rate, 0) / known.reduce((sum, run) => sum + run.rate, 0);
  };
  return {
    rate,
    cpuMicros: mean((run) => run.cpuMicros),
    othersMicros: 0,
    loaderMicros: mean((run) => run.loaderMicros),
    p50: mean((run) => run.p50 ?? 0),
    p99: mean((run) => run.p99 ?? 0),
  };
}
