import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';
import { launcher } from '#test/cli/run-cli.ts';
import { cpuOf } from './process-cpu.ts';
import type { ServerKind } from './server.ts';
import type { Setting } from './setting.ts';

/** What a server has done so far. */
export interface Sample {
  /** Certificates (or calls) answered since its start. */
  readonly done: number;
  /** CPU time of the whole process, user and system, µs. */
  readonly cpuMicros: number;
  /** ms on a clock of the server's own or ours; only differences count. */
  readonly at: number;
}

/** A running server under measurement. */
export interface Subject {
  readonly address: string;
  readonly pid: number;
  readonly setting: Setting;
  sample(): Promise<Sample>;
  /** Throws when anything since the last look was refused: refusing is quick and would pass for speed. */
  demandIssued(): void;
  stop(): Promise<void>;
}

const flags = ['--disable-warning=ExperimentalWarning'];
const startMs = 30_000;

/**
 * The real program, counted by the growth of its log. `demandIssued` throws for records of refusals; what is left beside
 * certificates are calls that the end of a load cut, after the last look, and a few records of the server's own.
 */
export async function startFull(setting: Setting): Promise<Subject> {
  const { home } = setting;
  const ready = home.path('ready.json');
  const words = ['serve', '--home', home.directory, '--ready-file', ready];
  const child = spawn(launcher, words, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...setting.env },
  });
  let said = '';
  child.stderr.on('data', (part: Buffer) => (said = `${said}${part.toString()}`.slice(-4000)));
  for (let waited = 0; !existsSync(ready); waited += 20) {
    if (child.exitCode !== null || waited > startMs) throw new Error(`the server did not get ready:\n${said}`);
    await wait(20);
  }
  const { istio, pid }: { istio: string; pid: number } = JSON.parse(readFileSync(ready, 'utf8'));
  const log = new DatabaseSync(home.path('audit', 'log.db'), { readOnly: true, timeout: 5_000 });
  const issued = new IssuedCounter(log);
  return {
    address: istio,
    pid,
    setting,
    async sample() {
      const at = performance.now();
      const cpuMicros = cpuOf(pid).own;
      return { done: issued.count(), cpuMicros, at };
    },
    demandIssued: () => issued.demandIssued(),
    async stop() {
      log.close();
      await ended(child, 'SIGTERM');
    },
  };
}

class IssuedCounter {
  readonly #size;
  readonly #refused;
  #looked = 0;

  constructor(log: DatabaseSync) {
    this.#size = log.prepare('SELECT size FROM tree');
    // a load that ends cancels what it has in flight
    this.#refused = log.prepare(
      `SELECT CAST(body AS TEXT) AS body FROM entry WHERE seq >= ? AND seq < ?
       AND (instr(body, CAST('"type":"certificate.denied"' AS BLOB)) OR instr(body, CAST('"type":"certificate.failed"' AS BLOB)))
       AND NOT instr(body, CAST('"reason":"cancelled"' AS BLOB)) LIMIT 1`,
    );
  }

  count(): number {
    return Number(this.#size.get()?.size ?? 0);
  }

  demandIssued(): void {
    const size = this.count();
    const found = this.#refused.get(this.#looked, size);
    if (found !== undefined) throw new Error(`the load was refused: ${String(found.body)}`);
    this.#looked = size;
  }
}

/** One of our own servers to compare with. */
export async function startCompared(
  setting: Setting,
  kind: ServerKind,
  words: readonly string[] = [],
): Promise<Subject> {
  const child = fork(new URL('./server.ts', import.meta.url), [setting.home.directory, kind, ...words], {
    execArgv: flags,
    env: { ...process.env, ...setting.env },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  // read as a log collector would; what is said of the calls that the end of a load cuts is no news
  child.stderr?.resume();
  const { address } = await heard<{ address: string }>(child);
  return {
    address,
    pid: child.pid ?? 0,
    setting,
    sample() {
      child.send('sample');
      return heard<Sample>(child);
    },
    // it counts nothing but answers
    demandIssued() {},
    stop: () => ended(child, 'SIGKILL'),
  };
}

async function heard<T>(child: ChildProcess): Promise<T> {
  const told = new AbortController();
  const { signal } = told;
  try {
    const died = once(child, 'exit', { signal }).then(() => {
      throw new Error('a server of the benchmark ended');
    });
    const [message] = (await Promise.race([once(child, 'message', { signal }), died])) as [T];
    return message;
  } finally {
    told.abort();
  }
}

async function ended(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill(signal);
  await once(child, 'exit');
}
