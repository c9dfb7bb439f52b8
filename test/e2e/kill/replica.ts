import { existsSync, type FSWatcher, mkdirSync, readFileSync, watch } from 'node:fs';
import { stringify } from 'yaml';
import { bundlePath } from '#audit/tiles.ts';
import { verifyDirectory } from '#audit/verify.ts';
import { TestHome } from '#test/support/home.ts';
import { NotStarted, ServerProcess } from '#test/support/server-process.ts';
import { Clients } from './clients.ts';
import type { Ledger } from './ledger.ts';

/** Bodies are dropped that are older. */
export const keptDays = 2;

/** Longest that a server may live without meeting its fault point, ms. */
const patience = 8_000;

export interface ReplicaOptions {
  readonly name: string;
  /** `audit.store` of its configuration; absent for the embedded one. */
  readonly store?: unknown;
  /** The log's key, where it is not the only one that signs. */
  readonly logKeyPem?: string | undefined;
  readonly ledger: (home: TestHome) => Ledger;
}

/** A home and its clients, whose server is killed and started again and again. */
export class Replica implements AsyncDisposable {
  readonly home = new TestHome({ config: { telemetry: { logs: { level: 'warn', format: 'json' } } } });
  readonly clients: Clients;
  readonly #ledger: Ledger;
  readonly #watcher: FSWatcher;
  #server: ServerProcess | undefined;

  constructor({ name, store, logKeyPem, ledger }: ReplicaOptions) {
    if (logKeyPem !== undefined) this.home.write('audit/log.key', logKeyPem, 0o600);
    const forgets = { retention: { bodies: `${keptDays}d` }, redactable: ['peer.ip'] };
    const audit = { ...Object(this.home.config).audit, ...(store !== undefined && { store }), ...forgets };
    this.home.write('countersign.yaml', stringify({ ...this.home.config, instance: { name }, audit }));
    this.#ledger = ledger(this.home);
    this.clients = new Clients(this.home, this.#ledger.hold);
    mkdirSync(this.home.published);
    this.#watcher = watch(this.home.published, () => this.#look());
  }

  get alive(): boolean {
    return this.#server !== undefined;
  }

  /** Starts its server, to die at a point where `env` says so; false if it did so before it was ready. */
  async start(env: Readonly<Record<string, string>>): Promise<boolean> {
    try {
      this.#server = await ServerProcess.start(this.home, { env });
      return true;
    } catch (thrown) {
      if (thrown instanceof NotStarted && thrown.ended.signal === 'SIGKILL') return false;
      throw thrown;
    }
  }

  ask(): void {
    if (this.#server !== undefined) this.clients.ask(this.#server.istio.port);
  }

  /**
   * Waits for the end that it was started for, and with `lookEvery` (ms) tells it to look for what is to go meanwhile; false where
   * the end did not come, and we made one.
   */
  async dies(lookEvery?: number): Promise<boolean> {
    let hit = true;
    const looks = lookEvery === undefined ? undefined : setInterval(() => this.signal('SIGHUP'), lookEvery);
    const giveUp = setTimeout(() => {
      hit = false;
      void this.#server?.kill();
    }, patience);
    await this.#gone('SIGKILL');
    clearInterval(looks);
    clearTimeout(giveUp);
    return hit;
  }

  async kill(): Promise<void> {
    void this.#server?.kill();
    await this.#gone('SIGKILL');
  }

  /** Stops it where it is, or lets it go on; or tells it to look at once for all that it looks for. */
  signal(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGHUP'): void {
    this.#server?.signal(signal);
  }

  /** Waits until it ends by itself, as it must where its log can no longer be written. */
  async givesUp(): Promise<void> {
    await this.#gone(5);
  }

  /** A start where it is dead, and a regular stop: everything is published then. */
  async stop(env: Readonly<Record<string, string>>): Promise<void> {
    if (!this.alive) await this.start(env);
    const server = this.#server;
    this.#server = undefined;
    const ended = await server?.stop();
    if (ended?.code !== 0) throw new Error(`a regular stop ended with ${ended?.code}:\n${server?.stderr}`);
  }

  /** Bundles that it publishes. */
  publishes(n: number): boolean {
    return existsSync(`${this.home.published}/${bundlePath(n)}`);
  }

  /** What it has published, alone. */
  async verify(vkey: string): Promise<void> {
    this.#look();
    if (existsSync(`${this.home.published}/checkpoint`)) await verifyDirectory(this.home.published, vkey);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watcher.close();
    await this.#server?.kill();
    await this.clients.rest();
    this.home[Symbol.dispose]();
  }

  async #gone(expected: 'SIGKILL' | 5): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    const { code, signal } = await server.ended;
    this.#server = undefined;
    await this.clients.rest();
    if ((signal ?? code) !== expected)
      throw new Error(`the server ended with ${signal ?? code}, not ${expected}:\n${server.stderr}`);
  }

  #look(): void {
    for (const file of [`${this.home.published}/checkpoint`, this.home.path('audit', 'checkpoint.guard')]) {
      if (existsSync(file)) this.#ledger.saw(readFileSync(file, 'utf8'));
    }
  }
}
