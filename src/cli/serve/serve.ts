import { renameSync, writeFileSync } from 'node:fs';
import { type LoadedConfig, loadConfig } from '#config/load.ts';
import { type RunningServer, startServer } from '#server/serve.ts';
import { sizeThreadPool } from '#server/thread-pool.ts';
import type { Input } from '../command/command.ts';
import type { Exit } from '../exit.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { asServeFailure } from './failures.ts';
import type { serveOptions } from './options.ts';

/** How long a drain may take before the process goes anyway, ms: under the 30 s that a pod is given. */
const lastResortMs = 28_000;

export function runServe({ options, home }: Input<typeof serveOptions>, _terminal: Terminal): Promise<Exit> {
  return runServer({ load: () => loadConfig(options.config ?? home.config) }, options['ready-file']);
}

/** A server, and where it is one after the other: what each is made of, and when it has to give way to the next. */
export interface Rounds {
  readonly load: () => LoadedConfig;
  /** Resolves when another has to begin; not after `signal`. Absent: never. */
  readonly over?: (signal: AbortSignal) => Promise<void>;
}

/** Serves until it is told to stop, or has to. */
export async function runServer(rounds: Rounds, readyFile: string | undefined): Promise<Exit> {
  const told = Promise.withResolvers<'told'>();
  const stop = new AbortController();
  // From here on: an issuer that is somebody else's may be waited for, and that wait must end as well.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      stop.abort();
      told.resolve('told');
    });
  }
  let current: RunningServer | undefined;
  process.on('SIGHUP', () => void current?.reload());
  for (;;) {
    const server = await start(rounds.load, stop.signal);
    if (server === undefined) return 'ok';
    current = server;
    // Only now: whoever reads the file may send a signal at once.
    if (readyFile !== undefined) announce(readyFile, server);
    const ended = new AbortController();
    const over = rounds.over?.(ended.signal).then(() => 'over' as const) ?? new Promise<never>(() => {});
    const end = await Promise.race([told.promise, server.failed.then(() => 'failed' as const), over]);
    ended.abort();
    const lastResort = setTimeout(() => process.exit(end === 'failed' ? 5 : 0), lastResortMs).unref();
    await server.close();
    if (end !== 'over') return end === 'told' ? 'ok' : 'internal';
    clearTimeout(lastResort);
  }
}

/** Undefined where it was told to stop before it could serve. */
async function start(load: () => LoadedConfig, stop: AbortSignal): Promise<RunningServer | undefined> {
  try {
    const loaded = load();
    sizeThreadPool(loaded.config);
    return await startServer(loaded, stop);
  } catch (thrown) {
    if (stop.aborted && thrown === stop.reason) return undefined;
    throw asServeFailure(thrown);
  }
}

/** Written whole or not at all: whoever waits for the file reads a complete one. */
function announce(file: string, { istio, admin, api }: RunningServer): void {
  const url = ({ host, port }: RunningServer['istio']) => `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const doors = { istio: url(istio), admin: url(admin), ...(api && { api: url(api) }) };
  writeFileSync(`${file}.new`, `${JSON.stringify({ pid: process.pid, ...doors })}\n`);
  renameSync(`${file}.new`, file);
}
