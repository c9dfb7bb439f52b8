import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Failure } from '../failure.ts';
import type { Layout } from './layout.ts';

export interface Reached {
  readonly pid: number;
  /** HOST:PORT. */
  readonly istio: string;
  readonly admin: string;
  readonly startedNow: boolean;
}

const main = fileURLToPath(new URL('../main.ts', import.meta.url));
const startTimeoutMs = 30_000;
const stopTimeoutMs = 30_000;
const lookEveryMs = 50;

/** The server that an earlier run left running, if it still is. */
export async function running(layout: Layout): Promise<Reached | undefined> {
  if (!existsSync(layout.ready)) return undefined;
  const { pid, istio, admin }: Omit<Reached, 'startedNow'> = JSON.parse(readFileSync(layout.ready, 'utf8'));
  return isAlive(pid) && (await isReady(admin)) ? { pid, istio, admin, startedNow: false } : undefined;
}

/** A server as a process of its own, as it would run in earnest; resolves once it says that it is ready. */
export async function start(layout: Layout): Promise<Reached> {
  rmSync(layout.ready, { force: true });
  const log = openSync(layout.serverLog, 'a', 0o600);
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      main,
      'serve',
      '--home',
      layout.home.directory,
      '--ready-file',
      layout.ready,
    ],
    { detached: true, stdio: ['ignore', log, log] },
  );
  closeSync(log);
  child.unref();
  for (let waited = 0; waited < startTimeoutMs; waited += lookEveryMs) {
    if (child.exitCode !== null) break;
    const reached = await running(layout);
    if (reached !== undefined) return { ...reached, startedNow: true };
    await wait(lookEveryMs);
  }
  const last = readFileSync(layout.serverLog, 'utf8').trimEnd().split('\n').slice(-3).join('\n');
  throw new Failure('unavailable', `the server did not get ready:\n${last}`, `all of its log: ${layout.serverLog}`);
}

/** Drains it; a server that does not go in time is ended. */
export async function stop(layout: Layout): Promise<boolean> {
  const reached = await running(layout);
  if (reached === undefined) return false;
  process.kill(reached.pid, 'SIGTERM');
  for (let waited = 0; waited < stopTimeoutMs && isAlive(reached.pid); waited += lookEveryMs) await wait(lookEveryMs);
  if (isAlive(reached.pid)) process.kill(reached.pid, 'SIGKILL');
  rmSync(layout.ready, { force: true });
  return true;
}

/** What a shell reads to point any Istio client at the server. */
export function writeEnv(layout: Layout, { istio, admin, pid }: Reached): void {
  const values = {
    COUNTERSIGN_HOME: layout.home.directory,
    CA_ADDR: istio,
    CA_ROOT_CA: layout.home.roots,
    TOKEN_FILE: layout.token,
    SPIFFE_ID: 'spiffe://cluster.local/ns/demo/sa/web',
    ADMIN_ADDR: admin,
    SERVER_PID: String(pid),
    SOFTHSM2_CONF: layout.softhsmConfig,
  };
  const quoted = (value: string) => (/^[\w./:@%+-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`);
  const lines = Object.entries(values).map(([name, value]) => `export ${name}=${quoted(value)}`);
  writeFileSync(layout.home.env, `${lines.join('\n')}\n`, { mode: 0o600 });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function isReady(admin: string): Promise<boolean> {
  try {
    return (await fetch(`http://${admin}/readyz`, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false;
  }
}
