import { availableParallelism, cpus } from 'node:os';
import { oracle } from '#test/oracles.ts';
import { PostgresServer } from '#test/support/postgres/server.ts';
import type { Effort } from '../plan.ts';
import { type AppendResult, measureAppends } from './appends.ts';
import { type Disk, measureDisk } from './disk.ts';
import { type FilledResult, measureFilled } from './filled.ts';
import { measurePath, type PathResult } from './whole-path.ts';

export type Part = 'appends' | 'path' | 'filled';

export interface LogResult {
  readonly machine: { readonly cores: number; readonly cpu: string; readonly node: string };
  readonly disk: Disk;
  readonly appends: readonly AppendResult[];
  readonly paths: readonly PathResult[];
  readonly filled: readonly FilledResult[];
}

const replicaCounts = [1, 3, 10] as const;

/** What the log costs, on both engines where PostgreSQL is there, which then runs on this machine as well. */
export async function logBenchmark(
  effort: Effort,
  rows: readonly number[],
  parts: readonly Part[],
  progress: (what: string) => void,
): Promise<LogResult> {
  const few = effort.seconds < 1;
  const replicas = few ? [2] : replicaCounts;
  await using stack = new AsyncDisposableStack();
  const database = oracle('postgres').available ? stack.use(await PostgresServer.start()) : undefined;
  const disk = measureDisk(effort.parts / 10);
  progress('appends');
  const appends = parts.includes('appends')
    ? await measureAppends(database, effort, replicas, few ? [4] : [1, 16, 128])
    : [];
  const paths: PathResult[] = [];
  for (const count of parts.includes('path') ? (few ? [1] : replicaCounts) : []) {
    progress(`issuance by ${count}`);
    paths.push(await measurePath(database, count, effort));
  }
  const filled = parts.includes('filled') ? await measureFilled(database, rows, effort, progress) : [];
  const machine = { cores: availableParallelism(), cpu: cpus()[0]?.model ?? 'unknown', node: process.versions.node };
  return { machine, disk, appends, paths, filled };
}
