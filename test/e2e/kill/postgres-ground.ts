import { setTimeout as pause } from 'node:timers/promises';
import type { EngineLog } from '#store/engine-log.ts';
import { openPostgresLog, type PostgresLogOptions } from '#store/postgres/open-log.ts';
import { PostgresTree } from '#store/postgres/postgres-tree.ts';
import { Redial } from '#store/postgres/redial.ts';
import { verifyPostgres } from '#store/postgres/verify.ts';
import type { TreeView } from '#store/tree-view.ts';
import type { FaultyDisk } from '#test/support/faulty-disk/faulty-disk.ts';
import { PostgresServer } from '#test/support/postgres/server.ts';
import { UnrulyProxy } from '#test/support/postgres/unruly-proxy.ts';
import type { Ground } from './ground.ts';

const lookAgainMs = 20;

/** A database, and a way to it for each replica that can be cut. */
export class PostgresGround implements Ground {
  #server: PostgresServer;
  readonly #proxies: readonly UnrulyProxy[];
  /** The replicas' own disks are sound. */
  readonly env = {};
  #schema = 'stage_0';
  #stages = 0;

  private constructor(server: PostgresServer, proxies: readonly UnrulyProxy[]) {
    this.#server = server;
    this.#proxies = proxies;
  }

  static async of(replicas: number, disk: boolean): Promise<PostgresGround> {
    const server = await PostgresServer.start(undefined, { disk });
    const proxies = await Promise.all(Array.from({ length: replicas }, () => UnrulyProxy.before(server.port)));
    return new PostgresGround(server, proxies);
  }

  /** The next log is another one. */
  begin(): void {
    this.#schema = `stage_${++this.#stages}`;
  }

  storeOf(replica: number): unknown {
    return {
      postgres: {
        hosts: [`127.0.0.1:${this.proxy(replica).port}`],
        database: 'postgres',
        user: 'tester',
        schema: this.#schema,
        tls: { mode: 'off' },
      },
    };
  }

  proxy(replica: number): UnrulyProxy {
    const proxy = this.#proxies[replica];
    if (proxy === undefined) throw new RangeError(`there is no replica ${replica}`);
    return proxy;
  }

  open(options: Omit<PostgresLogOptions, 'settings'>): Promise<EngineLog> {
    return openPostgresLog({ ...options, settings: this.#server.settings(this.#schema) });
  }

  async read<T>(use: (tree: TreeView) => Promise<T>): Promise<T> {
    const sessions = new Redial(this.#server.settings(this.#schema));
    try {
      return await use(new PostgresTree(sessions.dial));
    } finally {
      await sessions.close();
    }
  }

  verify(): Promise<{ readonly size: number }> {
    return verifyPostgres(this.#server.settings(this.#schema));
  }

  get disk(): FaultyDisk | undefined {
    return this.#server.disk;
  }

  mend(): Promise<void> {
    return this.#server.mend();
  }

  kill(): Promise<void> {
    return this.#server.kill();
  }

  start(): Promise<void> {
    return this.#server.start();
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }

  /** A standby that confirms each commit from now on; what is given back puts it in the place of the database. */
  async standby(): Promise<() => Promise<void>> {
    const before = this.#server;
    const standby = await PostgresServer.start(before);
    await before.sql("ALTER SYSTEM SET synchronous_standby_names = '*'");
    await before.sql('SELECT pg_reload_conf()');
    const synchronous = "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'";
    while ((await before.sql(synchronous)).length === 0) await pause(lookAgainMs);
    return async () => {
      await before.kill();
      this.#server = standby;
      await standby.sql('SELECT pg_promote()');
      for (const proxy of this.#proxies) proxy.leadTo(standby.port);
      await before[Symbol.asyncDispose]();
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const proxy of this.#proxies) await proxy[Symbol.asyncDispose]();
    await this.#server[Symbol.asyncDispose]();
  }
}
