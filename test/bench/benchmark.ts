import { fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism, cpus } from 'node:os';
import { Interleaved, warmUp } from './compare.ts';
import type { Run } from './load.ts';
import type { Parts } from './parts.ts';
import type { Effort } from './plan.ts';
import type { ServerKind } from './server.ts';
import { type Setting, softhsmSetting, softwareSetting } from './setting.ts';
import { startCompared, startFull } from './subject.ts';

export type KeyPlace = 'software' | 'softhsm';

/** The full path beside its limit under one load. */
export interface PathResult {
  readonly key: KeyPlace;
  readonly concurrency: number;
  readonly connections: 'kept' | 'new';
  readonly full: Run;
  readonly limit: Run;
  /** Rate of the full path over the limit's. */
  readonly ratioToLimit: number;
  /** The same of CPU: that of the limit over that of the full path. */
  readonly cpuRatio: number;
}

export interface Result {
  readonly machine: { readonly cores: number; readonly cpu: string; readonly node: string; readonly openssl: string };
  readonly parts: Partial<Record<KeyPlace, Parts>>;
  /** An empty unary call through the same transport, and the same with a handshake before each. */
  readonly emptyCall: { readonly kept: Run; readonly new: Run };
  readonly paths: readonly PathResult[];
  /** The log's share of the rate at the highest concurrency, software key: 1 − rate with it / rate without. */
  readonly log: { readonly on: Run; readonly off: Run; readonly share: number };
}

export type Progress = (what: string) => void;

/** Everything in one run, on loopback; the servers are processes of their own and end with it. */
export async function benchmark(effort: Effort, progress: Progress): Promise<Result> {
  using undo = new DisposableStack();
  const software = undo.adopt(softwareSetting(), (setting) => setting.remove());
  const softhsm = await softhsmSetting();
  if (softhsm) undo.defer(() => softhsm.remove());

  progress('parts');
  const parts = {
    software: await measureParts(software, effort),
    ...(softhsm && { softhsm: await measureParts(softhsm, effort) }),
  };
  progress('empty call');
  const emptyCall = await measureEmpty(software, effort);
  const paths = await measurePaths('software', software, effort, progress);
  if (softhsm) paths.push(...(await measurePaths('softhsm', softhsm, effort, progress)));
  progress('log on and off');
  return { machine: thisMachine(), parts, emptyCall, paths, log: await measureLog(software, effort) };
}

async function measureParts(setting: Setting, effort: Effort): Promise<Parts> {
  const words = [setting.home.directory, setting.callers[0].authorization, `${effort.parts}`];
  const child = fork(new URL('./parts.ts', import.meta.url), words, {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    env: { ...process.env, ...setting.env },
  });
  const ended = once(child, 'exit');
  const heard = once(child, 'message') as Promise<[Parts]>;
  const [first] = await Promise.race([heard, ended]);
  if (typeof first !== 'object') throw new Error('the parts could not be measured');
  await ended;
  return first;
}

async function measureEmpty(setting: Setting, effort: Effort) {
  return withServers(setting, effort, { empty: 'constant' }, async (servers) => {
    const concurrency = Math.max(...effort.concurrencies);
    const kept = await Interleaved.of(servers, { concurrency }, effort);
    const fresh = await Interleaved.of(servers, { concurrency, fresh: true }, effort);
    return { kept: kept.run('empty'), new: fresh.run('empty') };
  });
}

async function measurePaths(
  key: KeyPlace,
  setting: Setting,
  effort: Effort,
  progress: Progress,
): Promise<PathResult[]> {
  return withServers(setting, effort, { limit: 'limit', full: 'full' }, async (servers) => {
    const results: PathResult[] = [];
    for (const concurrency of effort.concurrencies) {
      progress(`${key} key, ${concurrency} at a time`);
      const runs = await Interleaved.of(servers, { concurrency }, effort);
      results.push(pathResult(key, concurrency, 'kept', runs));
    }
    const concurrency = Math.max(...effort.concurrencies);
    progress(`${key} key, new connections`);
    const runs = await Interleaved.of(servers, { concurrency, fresh: true }, effort);
    results.push(pathResult(key, concurrency, 'new', runs));
    return results;
  });
}

function pathResult(
  key: KeyPlace,
  concurrency: number,
  connections: 'kept' | 'new',
  runs: Interleaved<'full' | 'limit'>,
): PathResult {
  return {
    key,
    concurrency,
    connections,
    full: runs.run('full'),
    limit: runs.run('limit'),
    ratioToLimit: runs.ratio('full', 'limit', ({ rate }) => rate),
    cpuRatio: runs.ratio('limit', 'full', ({ cpuMicros }) => cpuMicros),
  };
}

async function measureLog(setting: Setting, effort: Effort) {
  return withServers(setting, effort, { on: 'sqlite-log', off: 'memory-log' }, async (servers) => {
    const runs = await Interleaved.of(servers, { concurrency: Math.max(...effort.concurrencies) }, effort);
    return { on: runs.run('on'), off: runs.run('off'), share: 1 - runs.ratio('on', 'off', ({ rate }) => rate) };
  });
}

async function withServers<Name extends string, T>(
  setting: Setting,
  effort: Effort,
  kinds: Readonly<Record<Name, ServerKind | 'full'>>,
  use: (servers: Record<Name, Awaited<ReturnType<typeof startFull>>>) => Promise<T>,
): Promise<T> {
  await using stack = new AsyncDisposableStack();
  const started = [];
  for (const name of Object.keys(kinds) as Name[]) {
    const kind = kinds[name];
    const subject = kind === 'full' ? await startFull(setting) : await startCompared(setting, kind);
    stack.defer(() => subject.stop());
    await warmUp(subject, effort);
    started.push([name, subject] as const);
  }
  return await use(Object.fromEntries(started) as Record<Name, (typeof started)[number][1]>);
}

function thisMachine(): Result['machine'] {
  const { node, openssl } = process.versions;
  return { cores: availableParallelism(), cpu: cpus()[0]?.model ?? 'unknown', node, openssl: openssl ?? 'unknown' };
}
