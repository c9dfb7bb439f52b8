import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import type { PostgresSettings } from '#store/postgres/settings.ts';
import { oracle } from '#test/oracles.ts';
import { freePort, Program } from '../control-plane/program.ts';
import { Watchdog } from '../control-plane/watchdog.ts';
import { FaultyDisk } from '../faulty-disk/faulty-disk.ts';
import { type Account, serverAccount } from './account.ts';
import { childrenOf, endAtOnce } from './children.ts';

const readyWithinMs = 60_000;
/** ms between two attempts. */
const lookAgainMs = 100;
/** Another process may take a port between our look at it and its use. */
const attempts = 3;

/** A PostgreSQL of a test's own: a socket and a port of the loopback, one superuser `tester` that needs no password. */
export class PostgresServer implements AsyncDisposable {
  readonly port: number;
  /** Data, socket and what it says. */
  readonly folder: string;
  /** The disk of its data, where it was asked for one that can fail. */
  readonly disk: FaultyDisk | undefined;
  readonly #programs: string;
  readonly #account: Account;
  readonly #watchdog: Watchdog;
  #program: Program | undefined;

  private constructor(programs: string, folder: string, port: number, disk: boolean) {
    this.#programs = programs;
    this.folder = folder;
    this.port = port;
    this.#account = serverAccount();
    this.#watchdog = new Watchdog(folder);
    if (disk) this.disk = new FaultyDisk(this.data, join(folder, 'pg', 'trouble'));
  }

  /** A fresh cluster, or with `of` a standby of another; `programs` is the folder of a PostgreSQL that is not the judge. */
  static async start(of?: PostgresServer, { disk = false, programs = '' } = {}): Promise<PostgresServer> {
    for (let attempt = 1; ; attempt += 1) {
      const server = await PostgresServer.#made(of, programs || (of ? of.#programs : programsOfJudge()), disk);
      try {
        await server.start();
        return server;
      } catch (thrown) {
        await server[Symbol.asyncDispose]();
        if (attempt === attempts || !/already in use/i.test(String(thrown))) throw thrown;
      }
    }
  }

  static async #made(of: PostgresServer | undefined, programs: string, disk: boolean): Promise<PostgresServer> {
    // Short, since the path of a socket has at most 107 octets.
    const folder = mkdtempSync(join(tmpdir(), 'cs-pg-'));
    const server = new PostgresServer(programs, folder, await freePort(), disk);
    const account = server.#account;
    chmodSync(folder, 0o755);
    const own = join(folder, 'pg');
    mkdirSync(own);
    if (account.uid !== undefined) chownSync(own, account.uid, account.gid ?? account.uid);
    if (of === undefined) {
      server.#tool('initdb', ['-D', server.data, ...words('-U tester -A trust -E UTF8 --locale=C --no-sync')]);
    } else {
      server.#tool('pg_basebackup', ['-D', server.data, ...words(`-h 127.0.0.1 -p ${of.port} -U tester -R -c fast`)]);
    }
    return server;
  }

  get data(): string {
    return join(this.folder, 'pg', 'data');
  }

  /** After an end, too: where that was a kill, what the postmaster has left behind has to end first. */
  async start(): Promise<void> {
    for (const deadline = performance.now() + readyWithinMs; ; await pause(lookAgainMs)) {
      try {
        return await this.#startOnce();
      } catch (thrown) {
        if (!/still in use/.test(String(thrown)) || performance.now() > deadline) throw thrown;
      }
    }
  }

  async #startOnce(): Promise<void> {
    rmSync(join(this.folder, 'said'), { force: true });
    const settings = {
      port: this.port,
      listen_addresses: '127.0.0.1',
      unix_socket_directories: join(this.folder, 'pg'),
      max_connections: 60,
      shared_buffers: '16MB',
      max_wal_senders: 4,
      wal_level: 'replica',
      autovacuum: 'off',
    };
    const given = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const program = new Program(this.#binary('postgres'), ['-D', this.data, ...given], join(this.folder, 'said'), {
      ...this.#account,
      env: { ...process.env, ...this.disk?.env },
    });
    this.#watchdog.guard(program.pid);
    this.#program = program;
    await program.ready(() => this.sql('SELECT 1').then(() => true), readyWithinMs);
  }

  /** As a crash of the machine does, less the disk: the postmaster, and its children before one of them answers once more. */
  async kill(): Promise<void> {
    const children = this.#program?.alive === true ? childrenOf(this.#program.pid) : [];
    await this.#program?.kill();
    for (const pid of children) endAtOnce(pid);
  }

  /** Where it has ended by itself it is started; where it mends itself, that is waited for. */
  async mend(): Promise<void> {
    if (this.#program?.alive !== true) return this.start();
    try {
      await this.sql('SELECT 1');
    } catch {
      await pause(lookAgainMs);
      return this.mend();
    }
  }

  /** A line in its configuration, which `SELECT pg_reload_conf()` or a restart brings into force. */
  configure(line: string): void {
    appendFileSync(join(this.data, 'postgresql.conf'), `${line}\n`);
  }

  async stop(): Promise<void> {
    this.#program?.signal('SIGINT');
    await this.#program?.ended;
  }

  /** Rows of statements, as the superuser. */
  async sql(text: string, values: readonly unknown[] = []): Promise<Record<string, unknown>[]> {
    const client = new Client({
      host: join(this.folder, 'pg'),
      port: this.port,
      user: 'tester',
      database: 'postgres',
      password: '',
    });
    client.on('error', () => {});
    await client.connect();
    try {
      return values.length === 0 ? (await client.query(text)).rows : (await client.query(text, [...values])).rows;
    } finally {
      await client.end();
    }
  }

  /** A backup of a schema, as those who keep databases make one. */
  dump(schema: string, name: string): void {
    this.#tool('pg_dump', [...this.#connection(), '-d', 'postgres', '-Fc', '-n', schema, '-f', this.#dumpFile(name)]);
  }

  /** Puts a schema back to what it was. */
  async restore(schema: string, name: string): Promise<void> {
    await this.sql(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
    this.#tool('pg_restore', [...this.#connection(), '-d', 'postgres', this.#dumpFile(name)]);
  }

  #dumpFile(name: string): string {
    return join(this.folder, 'pg', `${name}.dump`);
  }

  #connection(): string[] {
    return ['-h', join(this.folder, 'pg'), '-p', String(this.port), '-U', 'tester'];
  }

  /** Over TCP; `schema` is one log's. */
  settings(schema: string, changed: Partial<PostgresSettings> = {}): PostgresSettings {
    return {
      hosts: [{ host: '127.0.0.1', port: this.port }],
      database: 'postgres',
      user: 'tester',
      schema,
      tls: 'off',
      patienceMs: 20_000,
      ...changed,
    };
  }

  get socketFolder(): string {
    return join(this.folder, 'pg');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program?.kill();
    await this.#watchdog.release();
  }

  #tool(name: string, words: readonly string[]): void {
    execFileSync(this.#binary(name), words, { ...this.#account, stdio: ['ignore', 'ignore', 'pipe'], cwd: '/' });
  }

  #binary(name: string): string {
    return join(this.#programs, name);
  }
}

const words = (text: string) => text.split(' ');

function programsOfJudge(): string {
  const found = oracle('postgres');
  if (!found.available) throw new Error(`there is no PostgreSQL: ${found.how}`);
  return found.path;
}
