import { type ChildProcess, spawn } from 'node:child_process';
import { type FSWatcher, readFileSync, rmSync, watch } from 'node:fs';
import { createInterface } from 'node:readline';
import { repository, type TestHome } from './home.ts';

export interface StartOptions {
  /** On top of the tester's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** A program and its arguments that run the server, such as a shell with a limit. */
  readonly wrapper?: readonly string[];
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** A server that ended before it was ready. */
export class NotStarted extends Error {
  override readonly name = 'NotStarted';
  readonly ended: Ended;
  readonly stderr: string;

  constructor(ended: Ended, stderr: string) {
    super(`serve ended with ${ended.code ?? ended.signal} before it was ready:\n${stderr}`);
    this.ended = ended;
    this.stderr = stderr;
  }
}

interface Listener {
  readonly pattern: RegExp;
  readonly resolve: (line: string) => void;
}

/** A folder with countersign.yaml in it. */
type ServedHome = Pick<TestHome, 'directory' | 'path'>;

/** `countersign serve` as a process of its own, on a home that outlives it. */
export class ServerProcess implements AsyncDisposable {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  #listeners: Listener[] = [];
  #istio: Address = { host: '', port: 0 };
  #admin: Address = { host: '', port: 0 };

  private constructor(home: ServedHome, options: StartOptions, readyFile: string) {
    const serve = ['src/cli/main.ts', 'serve', '--home', home.directory, '--ready-file', readyFile];
    const [program = process.execPath, ...words] = [...(options.wrapper ?? []), process.execPath, ...serve];
    this.#child = spawn(program, words, {
      cwd: repository,
      env: { ...process.env, NODE_OPTIONS: '--disable-warning=ExperimentalWarning', ...options.env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    if (this.#child.stderr === null) throw new Error('a pipe was asked for');
    createInterface({ input: this.#child.stderr }).on('line', (line) => this.#heard(line));
    this.ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', (code, signal) => resolve({ code, signal }));
    });
  }

  /** Resolves once it is ready; rejects with NotStarted. */
  static async start(home: ServedHome, options: StartOptions = {}): Promise<ServerProcess> {
    const file = home.path('ready.json');
    rmSync(file, { force: true });
    const watcher = watch(home.directory);
    try {
      const server = new ServerProcess(home, options, file);
      const ready = appearance(watcher, 'ready.json').then(() => 'ready' as const);
      const first = await Promise.race([ready, server.ended]);
      if (first !== 'ready') throw new NotStarted(first, server.stderr);
      const { istio, admin } = announcement(file);
      server.#istio = istio;
      server.#admin = admin;
      return server;
    } finally {
      watcher.close();
    }
  }

  get istio(): Address {
    return this.#istio;
  }

  get admin(): Address {
    return this.#admin;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** All that it has said so far. */
  get stderr(): string {
    return this.#lines.join('\n');
  }

  /** The first line that fits, already said or still to come; rejects when the server ends without it. */
  said(pattern: RegExp): Promise<string> {
    const before = this.#lines.find((line) => pattern.test(line));
    if (before !== undefined) return Promise.resolve(before);
    const heard = new Promise<string>((resolve) => this.#listeners.push({ pattern, resolve }));
    const silent = this.ended.then((): string => {
      const late = this.#lines.find((line) => pattern.test(line));
      if (late !== undefined) return late;
      throw new Error(`the server ended and never said ${pattern}:\n${this.stderr}`);
    });
    return Promise.race([heard, silent]);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Tells it to drain and waits for its end. */
  stop(): Promise<Ended> {
    this.signal('SIGTERM');
    return this.ended;
  }

  kill(): Promise<Ended> {
    this.signal('SIGKILL');
    return this.ended;
  }

  /** GET on the admin door: status and body. */
  async get(path: string): Promise<{ readonly status: number; readonly body: string }> {
    const response = await fetch(`http://${this.#admin.host}:${this.#admin.port}${path}`);
    return { status: response.status, body: await response.text() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.kill();
  }

  #heard(line: string): void {
    this.#lines.push(line);
    const fitting = this.#listeners.filter(({ pattern }) => pattern.test(line));
    this.#listeners = this.#listeners.filter((listener) => !fitting.includes(listener));
    for (const { resolve } of fitting) resolve(line);
  }
}

function appearance(watcher: FSWatcher, file: string): Promise<void> {
  return new Promise((resolve) => {
    watcher.on('change', (_, name) => {
      if (name === file) resolve();
    });
  });
}

function announcement(file: string): { readonly istio: Address; readonly admin: Address } {
  const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (typeof value !== 'object' || value === null || !('istio' in value) || !('admin' in value))
    throw new Error(`${file} names no doors`);
  return { istio: addressOf(value.istio), admin: addressOf(value.admin) };
}

function addressOf(value: unknown): Address {
  const [, host, port] = /^(.+):(\d+)$/.exec(String(value)) ?? [];
  if (host === undefined) throw new Error(`${String(value)} is no address`);
  return { host, port: Number(port) };
}
