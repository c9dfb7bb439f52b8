import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeTlsFiles } from '#test/sinks/tls-files.ts';
import type { Progress } from '../benchmark.ts';
import type { Effort } from '../plan.ts';
import { type IssuanceResult, issuanceWithExports } from './issuance.ts';
import type { Asked, SinkResult } from './sinks.ts';
import { type Places, secretName } from './targets.ts';

export interface ExportsResult {
  readonly records: number;
  readonly sinks: readonly SinkResult[];
  readonly issuance: IssuanceResult;
}

/** Records that are in memory at once. */
const most = 20_000;
const execArgv = ['--disable-warning=ExperimentalWarning'];

/** Every kind of sink to receivers of this machine, and what issuance loses by three of them. */
export async function exportsBenchmark(records: number, effort: Effort, progress: Progress): Promise<ExportsResult> {
  using undo = new DisposableStack();
  const tls = undo.use(makeTlsFiles());
  const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-exports-'));
  undo.defer(() => rmSync(folder, { recursive: true }));
  const { ca, certificate, key } = tls.serverFiles;
  const receivers = fork(new URL('./receivers.ts', import.meta.url), [certificate, key], { execArgv });
  undo.defer(() => receivers.kill());
  const [ports] = (await once(receivers, 'message')) as [Pick<Places, 'http' | 'syslog'>];
  const places = { ...ports, ca, folder };
  const asked = { places, records: Math.min(records, most), rounds: effort.rounds };
  const sinks = await measureSinks(asked, progress);
  return { records: asked.records, sinks, issuance: await issuanceWithExports(places, effort, progress) };
}

async function measureSinks(asked: Asked, progress: Progress): Promise<readonly SinkResult[]> {
  const child: ChildProcess = fork(new URL('./sinks.ts', import.meta.url), [JSON.stringify(asked)], {
    execArgv,
    env: { ...process.env, [secretName]: 'of nobody' },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  child.stdout?.resume();
  let results: readonly SinkResult[] | undefined;
  child.on('message', (message: { progress?: string; results?: readonly SinkResult[] }) => {
    if (message.progress !== undefined) progress(message.progress);
    results ??= message.results;
  });
  await once(child, 'exit');
  if (results === undefined) throw new Error('the sinks could not be measured');
  return results;
}
