import { generateKeyPairSync } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { softwareCheckpointSigner } from '#audit/checkpoint.ts';
import { decodeEntry } from '#audit/entry.ts';
import type { EngineLog } from '#store/engine-log.ts';
import { Inventory } from '#store/inventory/inventory.ts';
import type { LogOptions } from '#store/log-options.ts';
import { openPostgresLog } from '#store/postgres/open-log.ts';
import type { PostgresSettings } from '#store/postgres/settings.ts';
import { verifyPostgres } from '#store/postgres/verify.ts';
import { issuedEvent } from '#test/audit/example-event.ts';
import { describeWith } from '#test/oracles.ts';
import { PostgresServer } from '#test/support/postgres/server.ts';
import { type Misfortune, UnrulyProxy } from '#test/support/postgres/unruly-proxy.ts';

const signer = softwareCheckpointSigner(generateKeyPairSync('ed25519').privateKey, 'log.example.com/outage');

describeWith(['postgres'], 'a log whose database is in trouble', () => {
  let server: PostgresServer;
  let proxy: UnrulyProxy;
  let home: string;
  beforeAll(async () => {
    server = await PostgresServer.start();
    proxy = await UnrulyProxy.before(server.port);
    home = mkdtempSync(join(tmpdir(), 'countersign-outage-'));
  });
  afterAll(async () => {
    await proxy[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    rmSync(home, { recursive: true });
  });

  function open(settings: PostgresSettings, options: Partial<LogOptions> = {}): Promise<EngineLog> {
    const folder = join(home, settings.schema);
    return openPostgresLog({
      settings,
      directory: join(folder, 'store'),
      publicDirectory: join(folder, 'public'),
      guard: join(folder, 'guard'),
      signer,
      clock: { now: () => Date.now() },
      ...options,
    });
  }
  const throughProxy = (schema: string, changed: Partial<PostgresSettings> = {}) =>
    server.settings(schema, { hosts: [{ host: '127.0.0.1', port: proxy.port }], ...changed });
  const codeOf = (reason: unknown) => Object(reason).code;

  async function idsIn(log: EngineLog): Promise<string[]> {
    const ids: string[] = [];
    while (ids.length < log.size) {
      for (const entry of await log.entries(ids.length, log.size)) ids.push(decodeEntry(entry).id);
    }
    return ids;
  }

  const misfortunes: readonly (readonly [name: string, plan: readonly Misfortune[]])[] = [
    ['the batch', ['lost']],
    ['the answer to the batch', ['answer']],
    ['half of the answer', ['half']],
    ['the connection while the batch is on its way', ['late']],
    ['the connection while the batch is on its way for longer', ['later']],
    ['the answer, and the answer again while it is looked up', ['answer', 'answer']],
    ['the batch, and what looks it up', ['lost', 'lost', 'lost']],
    ['the connection, again and again, with something on its way each time', ['late', 'later', 'late']],
    ['one after the other', ['lost', 'answer', 'late', 'lost', 'later', 'answer']],
  ];
  it.each(misfortunes)('A-20: lost is %s: the record stands once, where its caller is told', async (name, plan) => {
    const log = await open(throughProxy(`misfortune_${name.length}`));
    expect(await log.append(issuedEvent(0))).toBe(0);
    const before = proxy.met;
    proxy.plan(...plan);
    const indexes = await Promise.all([1, 2, 3].map((n) => log.append(issuedEvent(n))));
    while (proxy.met < before + plan.length) await log.append(issuedEvent(10 + proxy.met));
    expect(indexes).toEqual([1, 2, 3]);
    const ids = await idsIn(log);
    expect(ids.slice(0, 4)).toEqual([0, 1, 2, 3].map((n) => issuedEvent(n).id));
    expect(new Set(ids).size).toBe(ids.length);
    await log.close();
    expect((await verifyPostgres(server.settings(`misfortune_${name.length}`))).size).toBe(ids.length);
  });

  it('A-20: the server killed and started again under load: nothing acknowledged is lost, and no caller is refused', async () => {
    const log = await open(server.settings('crash', { patienceMs: 60_000 }));
    const acknowledged = new Map<number, string>();
    let next = 0;
    let ending = false;
    const caller = async () => {
      while (!ending) {
        const event = issuedEvent(next++);
        acknowledged.set(await log.append(event), event.id);
      }
    };
    const callers = Promise.all(Array.from({ length: 8 }, caller));
    for (let crash = 0; crash < 2; crash++) {
      const upTo = acknowledged.size + 300;
      await expect.poll(() => acknowledged.size, { timeout: 60_000, interval: 5 }).toBeGreaterThan(upTo);
      await server.kill();
      await server.start();
    }
    const upTo = acknowledged.size + 300;
    await expect.poll(() => acknowledged.size, { timeout: 60_000, interval: 5 }).toBeGreaterThan(upTo);
    ending = true;
    await callers;
    const ids = await idsIn(log);
    for (const [index, id] of acknowledged) expect(ids[index]).toBe(id);
    expect(new Set(ids).size).toBe(ids.length);
    await log.close();
    await verifyPostgres(server.settings('crash'));
  }, 120_000);

  it('away for too long: refused, told of, and no failure: it goes on by itself once it is back', async () => {
    const news: (string | undefined)[] = [];
    const failures: unknown[] = [];
    const log = await open(throughProxy('away', { patienceMs: 200 }), {
      onReach: (problem) => news.push(problem),
      onFailed: (cause) => failures.push(cause),
    });
    await log.append(issuedEvent(0));
    await server.kill();
    expect(codeOf(await log.append(issuedEvent(1)).catch((thrown: unknown) => thrown))).toBe('log.unavailable');
    expect(codeOf(await log.append(issuedEvent(2)).catch((thrown: unknown) => thrown))).toBe('log.unavailable');
    expect(news).toEqual([expect.any(String)]);
    await server.start();
    await expect.poll(() => news.at(-1), { timeout: 20_000 }).toBeUndefined();
    expect(await log.append(issuedEvent(3))).toBe(1);
    expect(failures).toEqual([]);
    await log.close();
  });

  it('away as an inventory begins: its questions are refused for so long, and answered once it is back', async () => {
    const settings = throughProxy('late', { patienceMs: 1_000 });
    const log = await open(settings);
    await log.append(issuedEvent(0));
    await log.close();
    await server.kill();
    const module = new URL('../../src/store/postgres/inventory-thread.ts', import.meta.url);
    const inventory = new Inventory(module, { file: join(home, 'late.db'), origin: signer.origin }, { settings });
    for (let time = 0; time < 2; time++) await expect(inventory.list()).rejects.toMatchObject({ code: 'unreachable' });
    await server.start();
    expect(await inventory.list()).toMatchObject({ upTo: 1 });
    await inventory.close();
  });

  it('a network that swallows what is sent: refused while it lasts, and on by itself once it is over', async () => {
    const log = await open(throughProxy('hole', { patienceMs: 1_000 }));
    expect(await log.append(issuedEvent(0))).toBe(0);
    proxy.trouble('hole');
    expect(codeOf(await log.append(issuedEvent(1)).catch((thrown: unknown) => thrown))).toBe('log.unavailable');
    // who asks whether more is published waits no longer than he said
    expect(await log.covered(2, AbortSignal.timeout(50))).toBe(false);
    proxy.heal();
    const index = async () => log.append(issuedEvent(2)).catch(codeOf);
    await expect.poll(index, { timeout: 20_000 }).toBe(1);
    expect(await idsIn(log)).toEqual([0, 2].map((n) => issuedEvent(n).id));
    await log.close();
  });

  it('A-24: a database that went back to an older state is not added to, and not opened again', async () => {
    const settings = server.settings('back');
    const first = await open(settings);
    for (let n = 0; n < 5; n++) await first.append(issuedEvent(n));
    await first.close();
    await server.sql('CREATE SCHEMA kept');
    for (const table of ['tree', 'entry', 'tile', 'signed'])
      await server.sql(`CREATE TABLE kept.${table} AS TABLE back.${table}`);

    const failed = Promise.withResolvers<unknown>();
    const log = await open(settings, { onFailed: (cause) => failed.resolve(cause) });
    for (let n = 5; n < 9; n++) await log.append(issuedEvent(n));
    await log.publish();
    cpSync(join(home, 'back', 'guard'), join(home, 'guard'));
    await server.sql(
      `BEGIN; ${['tree', 'entry', 'tile', 'signed']
        .map((table) => `DELETE FROM back.${table}; INSERT INTO back.${table} TABLE kept.${table};`)
        .join(' ')} COMMIT`,
    );
    expect(codeOf(await log.append(issuedEvent(9)).catch((thrown: unknown) => thrown))).toBe('log.unavailable');
    expect(await failed.promise).toMatchObject({ message: expect.stringContaining('rolled-back') });
    await log.close();
    await expect(open(settings)).rejects.toMatchObject({ code: 'rolled-back' });
    expect((await verifyPostgres(settings)).size).toBe(5);
  });

  it('A-24: one that went back and was added to by others is noticed by whoever had seen more', async () => {
    const settings = server.settings('fork');
    const failed = Promise.withResolvers<unknown>();
    const log = await open(settings, { onFailed: (cause) => failed.resolve(cause) });
    for (let n = 0; n < 5; n++) await log.append(issuedEvent(n));
    // as others would leave it: all of it at once, and a sixth hash where there is a sixth entry
    const other = "overlay(hashes placing '\\x00' from 40) || substring(hashes from 1 for 32)";
    await server.sql(`WITH forked AS (UPDATE fork.tile SET hashes = ${other}) UPDATE fork.tree SET size = size + 1`);
    expect(codeOf(await log.append(issuedEvent(9)).catch((thrown: unknown) => thrown))).toBe('log.unavailable');
    expect(await failed.promise).toMatchObject({ message: expect.stringContaining('other entries') });
    await log.close();
  });

  it('a server told to forget what it acknowledged is refused', async () => {
    await server.sql('ALTER SYSTEM SET fsync = off');
    await server.sql('SELECT pg_reload_conf()');
    const fsync = async () => (await server.sql('SHOW fsync'))[0]?.fsync;
    await expect.poll(fsync).toBe('off');
    await expect(open(server.settings('unsafe'))).rejects.toMatchObject({ code: 'unsafe' });
    await server.sql('ALTER SYSTEM RESET fsync');
    await server.sql('SELECT pg_reload_conf()');
    await expect.poll(fsync).toBe('on');
  });

  it('a failover to a standby that has confirmed each commit loses nothing, and a standby before it is passed over', async () => {
    await using primary = await PostgresServer.start();
    await using standby = await PostgresServer.start(primary);
    await primary.sql("ALTER SYSTEM SET synchronous_standby_names = '*'");
    await primary.sql('SELECT pg_reload_conf()');
    const synchronous = "SELECT count(*)::int AS count FROM pg_stat_replication WHERE sync_state = 'sync'";
    await expect.poll(async () => (await primary.sql(synchronous))[0]?.count, { timeout: 20_000 }).toBe(1);
    const hosts = [standby, primary].map(({ port }) => ({ host: '127.0.0.1', port }));
    await expect(open({ ...standby.settings('failover') })).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('standby'),
    });
    const log = await open(primary.settings('failover', { hosts, patienceMs: 60_000 }));
    const before = await Promise.all(Array.from({ length: 50 }, (_, n) => log.append(issuedEvent(n))));
    expect(before.at(-1)).toBe(49);

    // Nobody confirms it: the commit waits, and an administrator who ends the wait has made it no safer.
    await standby.stop();
    let told = false;
    const cut = log.append(issuedEvent(50)).finally(() => {
      told = true;
    });
    const waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    const waits = () => expect.poll(async () => (await primary.sql(waiting)).length, { timeout: 20_000 });
    await waits().toBeGreaterThan(0);
    await primary.sql(`SELECT pg_cancel_backend(pid) FROM (${waiting}) AS them`);
    await waits().toBeGreaterThan(0);
    expect(told).toBe(false);
    await standby.start();
    expect(await cut).toBe(50);

    await primary.kill();
    const after = log.append(issuedEvent(51));
    await standby.sql('SELECT pg_promote()');
    expect(await after).toBe(51);
    expect(await idsIn(log)).toEqual(Array.from({ length: 52 }, (_, n) => issuedEvent(n).id));
    await log.close();
  }, 120_000);
});
