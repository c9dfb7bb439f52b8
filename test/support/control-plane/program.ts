import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

/** ms between two looks at a program that is starting. */
const lookAgainMs = 50;

/** Whom a program runs as, and in what environment; nothing said is ours. */
export interface RunAs {
  readonly uid?: number;
  readonly gid?: number;
  readonly env?: NodeJS.ProcessEnv;
}

/** A server program that writes what it says into a file. */
export class Program {
  readonly pid: number;
  readonly ended: Promise<void>;
  readonly #child: ChildProcess;
  readonly #log: string;
  readonly #name: string;

  constructor(file: string, words: readonly string[], log: string, as: RunAs = {}) {
    const output = openSync(log, 'a');
    this.#child = spawn(file, words, { ...as, stdio: ['ignore', output, output] });
    closeSync(output);
    this.ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', () => resolve());
    });
    // Whoever waits for it sees the error; nobody has to.
    this.ended.catch(() => {});
    this.pid = this.#child.pid ?? 0;
    this.#log = log;
    this.#name = file;
  }

  get alive(): boolean {
    return this.pid !== 0 && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Stops it where it is; resolves once none of its threads runs any more. */
  async pause(): Promise<void> {
    this.signal('SIGSTOP');
    while (this.alive && !stopped(this.pid)) await setTimeout(1);
  }

  resume(): void {
    this.signal('SIGCONT');
  }

  kill(): Promise<void> {
    if (this.alive) this.signal('SIGKILL');
    return this.ended;
  }

  /** Resolves once `probe` says yes; rejects with the end of the log when the program ends or `withinMs` have passed. */
  async ready(probe: () => Promise<boolean>, withinMs: number): Promise<void> {
    const deadline = performance.now() + withinMs;
    while (this.alive && performance.now() < deadline) {
      if (await probe().catch(() => false)) return;
      await setTimeout(lookAgainMs);
    }
    const why = this.alive ? `was not ready within ${withinMs} ms` : 'ended before it was ready';
    throw new Error(`${this.#name} ${why}:\n${readFileSync(this.#log, 'utf8').slice(-4000)}`);
  }
}

/** A thread sees the signal when it next runs, which on a busy machine is late. Only Linux tells. */
function stopped(pid: number): boolean {
  const tasks = `/proc/${pid}/task`;
  if (!existsSync(tasks)) return true;
  return readdirSync(tasks).every((task) => {
    try {
      return /^\d+ \(.*\) T/.test(readFileSync(join(tasks, task, 'stat'), 'utf8'));
    } catch {
      // A thread that ended between the two looks: look again.
      return false;
    }
  });
}

/** Whether somebody takes connections at a port of the loopback. */
export function listens(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ host: '127.0.0.1', port });
  socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  return promise.finally(() => socket.destroy());
}

/** A port of this machine that nobody listens on now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (typeof address === 'object' && address !== null) resolve(address.port);
        else reject(new Error('no port'));
      });
    });
  });
}
