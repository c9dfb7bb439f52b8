import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { softwareCheckpointSigner } from '#audit/checkpoint.ts';
import { completeEntry, encodeEvent } from '#audit/entry.ts';
import { leafHash } from '#audit/merkle.ts';
import { BatchWriter } from '#store/postgres/batch-writer.ts';
import { checkTileRows } from '#store/postgres/check-rows.ts';
import { PostgresLook } from '#store/postgres/look.ts';
import { migrate, migrationSql, schemaVersion } from '#store/postgres/migrate.ts';
import { openPostgresLog } from '#store/postgres/open-log.ts';
import { openSession } from '#store/postgres/open-session.ts';
import { grants, migrations } from '#store/postgres/schema.ts';
import type { Session } from '#store/postgres/session.ts';
import type { PostgresSettings } from '#store/postgres/settings.ts';
import { statements } from '#store/postgres/statements.ts';
import { verifyPostgres } from '#store/postgres/verify.ts';
import { StoreError } from '#store/store-error.ts';
import { deniedEvent, issuedEvent } from '#test/audit/example-event.ts';
import { describeWith } from '#test/oracles.ts';
import { PostgresServer } from '#test/support/postgres/server.ts';
import { fillPostgres } from './postgres-engines.ts';
import { demandKeyedStatements } from './postgres-plans.ts';

const signer = softwareCheckpointSigner(generateKeyPairSync('ed25519').privateKey, 'log.example.com/schema');
const time = Date.parse('2026-11-21T12:00:00Z');
const at = '2026-11-21T12:00:00.000Z';

describeWith(['postgres'], 'the tables of a log in PostgreSQL', () => {
  let server: PostgresServer;
  let home: string;
  beforeAll(async () => {
    server = await PostgresServer.start();
    home = mkdtempSync(join(tmpdir(), 'countersign-schema-'));
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    rmSync(home, { recursive: true });
  });

  function open(settings: PostgresSettings, sign = signer) {
    const folder = mkdtempSync(join(home, 'replica-'));
    return openPostgresLog({
      settings,
      directory: join(folder, 'store'),
      publicDirectory: join(folder, 'public'),
      guard: join(folder, 'guard'),
      signer: sign,
      clock: { now: () => time },
    });
  }
  const filled = (schema: string, records: number) =>
    fillPostgres(server, schema, { origin: signer.origin, records, time });
  async function settingsOf(table: string): Promise<unknown> {
    const [row] = await server.sql('SELECT reloptions FROM pg_class WHERE oid = $1::regclass', [table]);
    return row?.reloptions ?? [];
  }
  async function storageOfBodies(schema: string): Promise<unknown> {
    const text =
      "SELECT attstorage::text AS storage FROM pg_attribute WHERE attrelid = $1::regclass AND attname = 'body'";
    return (await server.sql(text, [`${schema}.entry`]))[0]?.storage;
  }
  const failureOf = (run: Promise<unknown>): Promise<unknown> =>
    run.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );

  describe('migrations', () => {
    it.each(Array.from({ length: migrations.length }, (_, version) => version))(
      'from number %i to the newest, with what stood there',
      async (version) => {
        const schema = `from_${version}`;
        await server.sql(migrationSql(schema, 0, migrations.slice(0, version)) || `CREATE SCHEMA ${schema}`);
        await filled(schema, 3);
        expect((await verifyPostgres(server.settings(schema))).size).toBe(3);
        expect(await server.sql(`SELECT max(version) AS version FROM ${schema}.migration`)).toEqual([
          { version: migrations.length },
        ]);
        for (const table of ['entry', 'disclosure', 'tile'])
          expect(await settingsOf(`${schema}.${table}`)).toContain('vacuum_truncate=off');
        // PostgreSQL 12 has no such setting.
        const [server13] = await server.sql("SELECT current_setting('server_version_num')::int >= 130000 AS it");
        if (server13?.it === true)
          expect(await settingsOf(`${schema}.entry`)).toContain('autovacuum_vacuum_insert_scale_factor=0.01');
        expect(await storageOfBodies(schema)).toBe('e');
      },
    );

    it('how vacuum goes and bodies are stored is no reason not to start: where somebody holds a table, it stays as it was', async () => {
      await server.sql(migrationSql('held', 0, migrations.slice(0, 4)));
      const [vacuum, session] = [
        await openSession(server.settings('held')),
        await openSession(server.settings('held')),
      ];
      await vacuum.run('BEGIN; LOCK TABLE entry IN SHARE UPDATE EXCLUSIVE MODE');
      await session.run('SET lock_timeout = 60');
      expect(await migrate(session, 'held')).toBe(4);
      expect(await schemaVersion(session)).toBe(migrations.length);
      expect(await settingsOf('held.entry')).toEqual([]);
      expect(await settingsOf('held.tile')).toContain('vacuum_truncate=off');
      expect(await storageOfBodies('held')).toBe('x');
      expect(await session.query('SHOW lock_timeout')).toEqual([{ lock_timeout: '60ms' }]);
      for (const each of [vacuum, session]) await each.close();
    });

    it('a log whose servers are of an earlier version shows the checkpoint that was signed last', async () => {
      await server.sql(migrationSql('earlier', 0, migrations.slice(0, 5)));
      await server.sql("INSERT INTO earlier.signed VALUES (1, 0, '', 'note')");
      const look = new PostgresLook(server.settings('earlier'));
      expect(await look.checkpoint()).toBe('note');
      await look.close();
    });

    it('each step is taken once, and all of them or none', async () => {
      const session = await openSession(server.settings('steps'));
      const steps = ['CREATE TABLE one (a integer);', 'CREATE TABLE two (b integer);'];
      expect(await migrate(session, 'steps', steps.slice(0, 1))).toBe(0);
      expect(await failureOf(migrate(session, 'steps', [...steps, 'CREATE TABLE one (again integer);']))).toMatchObject(
        {
          code: 'version',
          message: expect.stringContaining('"one" already exists'),
        },
      );
      expect(await schemaVersion(session, 9)).toBe(1);
      expect(await migrate(session, 'steps', steps)).toBe(1);
      expect(await migrate(session, 'steps', steps)).toBe(2);
      await session.close();
    });

    it('replicas that come to an empty database at the same moment take turns', async () => {
      const logs = await Promise.all(Array.from({ length: 4 }, () => open(server.settings('together'))));
      const indexes = await Promise.all(logs.map((log, n) => log.append(issuedEvent(n))));
      expect(indexes.sort()).toEqual([0, 1, 2, 3]);
      await Promise.all(logs.map((log) => log.close()));
    });

    it('a schema of a newer program is refused, and left as it is', async () => {
      await filled('newer', 1);
      await server.sql(`INSERT INTO newer.migration VALUES (${migrations.length + 1})`);
      await expect(open(server.settings('newer'))).rejects.toMatchObject({
        code: 'version',
        message: expect.stringContaining(`number ${migrations.length + 1}, this program knows ${migrations.length}`),
      });
    });
  });

  describe('rights', () => {
    it('a role that may only add runs on tables that another has made, and can take nothing away', async () => {
      await server.sql('CREATE ROLE adder LOGIN');
      const settings = server.settings('granted', { user: 'adder' });
      await expect(open(settings)).rejects.toMatchObject({
        code: 'version',
        message: expect.stringContaining('countersign store migrate'),
      });
      await server.sql(migrationSql('granted', 0));
      await server.sql(grants('granted', 'adder'));
      const log = await open(settings);
      await Promise.all(Array.from({ length: 300 }, (_, n) => log.append(issuedEvent(n))));
      await log.close();
      const session = await openSession(settings);
      for (const forbidden of ['DELETE FROM entry', "UPDATE entry SET body = ''", 'TRUNCATE entry', 'DROP TABLE tile'])
        expect(await failureOf(session.run(forbidden))).toMatchObject({ code: '42501' });
      // A function of the owner's removes, and only what the log itself says.
      for (const told of [0, 299, 300])
        expect(await failureOf(session.query(statements.drop, [told, 1]))).toMatchObject({ code: 'P0001' });
      await session.close();
    });

    it('A-17: a log keeps its origin', async () => {
      await filled('origin', 1);
      const other = softwareCheckpointSigner(generateKeyPairSync('ed25519').privateKey, 'log.example.com/other');
      await expect(open(server.settings('origin'), other)).rejects.toMatchObject({ code: 'origin' });
    });
  });

  describe('A-21: tiles, counted by parts of the table', () => {
    let session: Session;
    beforeAll(async () => {
      await filled('counted', 3_000);
      session = await openSession(server.settings('counted'));
    });
    afterAll(() => session.close());

    it.each([1, 2, 5, 11, 12, 100])('%i at once, are those of the log', async (atOnce) => {
      await checkTileRows(session, atOnce);
    });

    it.each([
      ['the first that is missing', 'DELETE FROM tile WHERE level = 0 AND n = 0'],
      ['one in the middle that is missing', 'DELETE FROM tile WHERE level = 0 AND n = 5'],
      ['the last that is missing', 'DELETE FROM tile WHERE level = 0 AND n = 11'],
      ['a level that is missing', 'DELETE FROM tile WHERE level = 1'],
      ['all that are missing', 'DELETE FROM tile'],
      ['one too many', "INSERT INTO tile VALUES (0, 12, '\\x00')"],
      ['one before the first', "INSERT INTO tile VALUES (0, -1, '')"],
      ['a level too many', "INSERT INTO tile VALUES (2, 0, '')"],
      ['a level before the first', "INSERT INTO tile VALUES (-1, 0, '')"],
      ['one that is short', 'UPDATE tile SET hashes = substr(hashes, 2) WHERE level = 0 AND n = 3'],
      ['a last one that is long', "UPDATE tile SET hashes = hashes || '\\x00' WHERE level = 0 AND n = 11"],
    ])('%s: found, however many are counted at once', async (_, damage) => {
      for (const atOnce of [1, 5, 100]) {
        await session.run(`BEGIN; ${damage}`);
        await expect(checkTileRows(session, atOnce)).rejects.toMatchObject({ code: 'damaged' });
        await session.run('ROLLBACK');
      }
    });
  });

  it('no statement of issuance or of a proof reads a table of a million rows from end to end', () =>
    demandKeyedStatements(server, 'plans'));

  describe('rows that were changed behind our back', () => {
    const size = 700;
    const settings = () => server.settings('damaged');
    const entryAt = (seq: number) => completeEntry(encodeEvent(deniedEvent(seq + 1)), seq, at);
    const hex = (bytes: Uint8Array) => `'\\x${Buffer.from(bytes).toString('hex')}'`;
    const put = (seq: number) => `UPDATE damaged.entry SET body = ${hex(entryAt(seq))} WHERE seq = ${seq}`;
    const putLeaf = (seq: number) =>
      `UPDATE damaged.tile SET hashes = overlay(hashes placing ${hex(leafHash(entryAt(seq)))} from ${(seq % 256) * 32 + 1})
       WHERE level = 0 AND n = ${Math.floor(seq / 256)}`;
    const tables = ['tree', 'entry', 'tile', 'signed'];
    beforeAll(async () => {
      await filled('damaged', size);
      await server.sql('CREATE SCHEMA sound');
      for (const table of tables) await server.sql(`CREATE TABLE sound.${table} AS TABLE damaged.${table}`);
    });

    async function damage(change: string): Promise<void> {
      const anew = tables.map(
        (table) => `DELETE FROM damaged.${table}; INSERT INTO damaged.${table} TABLE sound.${table}`,
      );
      await server.sql(`${anew.join(';')}; ${change}`);
    }

    const found: readonly (readonly [name: string, change: string, index: number])[] = [
      ['an entry altered', put(400), 400],
      ['the first entry altered', put(0), 0],
      ['an entry removed', 'DELETE FROM damaged.entry WHERE seq = 5', 5],
      [
        'two entries exchanged',
        'UPDATE damaged.entry SET seq = 9999 WHERE seq = 7; UPDATE damaged.entry SET seq = 7 WHERE seq = 9; UPDATE damaged.entry SET seq = 9 WHERE seq = 9999',
        7,
      ],
      ['one altered and a later one removed', `${put(400)}; DELETE FROM damaged.entry WHERE seq = 402`, 400],
      ['a leaf tile removed', 'DELETE FROM damaged.tile WHERE level = 0 AND n = 1', 256],
      ['an entry and its leaf hash altered alike', `${put(300)}; ${putLeaf(300)}`, 256],
      [
        'a hash of the next level altered',
        "UPDATE damaged.tile SET hashes = repeat('x', 64)::bytea WHERE level = 1",
        0,
      ],
      ['the root altered', "UPDATE damaged.tree SET root = repeat('x', 32)::bytea", size],
    ];
    it.each(found)('A-21: %s is found by the verification, with its index', async (_, change, index) => {
      await damage(change);
      const failure = await failureOf(verifyPostgres(settings()));
      expect(failure).toBeInstanceOf(StoreError);
      expect(failure).toMatchObject({ code: 'damaged', index });
    });

    const foreign: readonly (readonly [name: string, change: string, message: string])[] = [
      ['an entry after the last', "INSERT INTO damaged.entry VALUES (700, '{}')", 'of index 700'],
      [
        'a tile too many',
        'INSERT INTO damaged.tile SELECT 0, 3, hashes FROM damaged.tile WHERE level = 0 AND n = 2',
        'level 0',
      ],
      ['a level too many', "INSERT INTO damaged.tile VALUES (2, 0, repeat('x', 32)::bytea)", 'level 2'],
      ['the time of the newest entry', 'UPDATE damaged.tree SET time = time + 1', 'newest entry'],
    ];
    it.each(foreign)('A-21: %s is found by the verification, which says so', async (_, change, message) => {
      await damage(change);
      const failure = await failureOf(verifyPostgres(settings()));
      expect(failure).toMatchObject({ code: 'damaged', message: expect.stringContaining(message) });
    });

    it('A-21: a trigger that would lose what comes is found by the verification', async () => {
      await damage(
        `CREATE FUNCTION damaged.forget() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
         CREATE TRIGGER forget BEFORE INSERT ON damaged.entry FOR EACH ROW EXECUTE FUNCTION damaged.forget()`,
      );
      const failure = await failureOf(verifyPostgres(settings()));
      await server.sql('DROP TRIGGER forget ON damaged.entry');
      expect(failure).toMatchObject({ code: 'damaged', message: expect.stringContaining('the trigger forget') });
    });

    const atStart: readonly (readonly [name: string, change: string])[] = [
      ['the newest entry altered', put(699)],
      ['the newest entry removed', 'DELETE FROM damaged.entry WHERE seq = 699'],
      ['an entry too many', "INSERT INTO damaged.entry VALUES (700, '{}')"],
      ['the head taken away', 'DELETE FROM damaged.tree'],
      ['the head set back', 'UPDATE damaged.tree SET size = 600'],
      ['its time altered', 'UPDATE damaged.tree SET time = time + 1'],
      ['the right edge altered', `${put(650)}; ${putLeaf(650)}`],
    ];
    it.each(atStart)('A-21: does not start with %s', async (_, change) => {
      await damage(change);
      const opened = BatchWriter.open(settings(), signer.origin, () => {});
      expect(await failureOf(opened)).toMatchObject({ code: 'damaged' });
    });
  });
});
