import { createPrivateKey } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { openCheckpoint, softwareCheckpointSigner } from '#audit/checkpoint.ts';
import { isConsistent } from '#audit/merkle-proof.ts';
import { verifyTlogProof } from '#audit/tlog-proof.ts';
import { verifyDirectory } from '#audit/verify.ts';
import { parseVkey } from '#audit/vkey.ts';
import { PostgresCursors } from '#server/exports/postgres-cursors.ts';
import type { Cursors } from '#sinks/cursor.ts';
import { FileCursors } from '#sinks/file-cursors.ts';
import type { EngineLog } from '#store/engine-log.ts';
import { currentVersion } from '#store/postgres/migrate.ts';
import { postgresTarget } from '#store/postgres/move.ts';
import { openPostgresLog } from '#store/postgres/open-log.ts';
import { openSession } from '#store/postgres/open-session.ts';
import { verifyPostgres } from '#store/postgres/verify.ts';
import { sqliteTarget } from '#store/sqlite/move.ts';
import { logDatabase, openLog } from '#store/sqlite/open-log.ts';
import { verifyStore } from '#store/sqlite/verify.ts';
import { issuedEvent } from '#test/audit/example-event.ts';
import { describeWith } from '#test/oracles.ts';
import { TestHome } from '#test/support/home.ts';
import { PostgresServer } from '#test/support/postgres/server.ts';
import { countersign, parsed } from './run-cli.ts';

const origin = 'log.test/mesh';

describeWith(['postgres'], 'countersign store', () => {
  let database: PostgresServer;
  let home: TestHome;
  let schemas = 0;
  let schema: string;
  beforeAll(async () => {
    database = await PostgresServer.start();
    home = new TestHome();
  });
  afterAll(async () => {
    home[Symbol.dispose]();
    await database[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    schema = `moved_${schemas++}`;
  });

  const signer = () => softwareCheckpointSigner(createPrivateKey(home.logKeyPem), origin);
  const verifier = () => parseVkey(signer().vkey);
  const clock = { now: () => Date.now() };
  /** Where one replica keeps what is its own: the same folder for every store, as a server has it. */
  const places = (folder: string) => ({
    directory: home.path(folder),
    publicDirectory: home.path(folder, 'log'),
    guard: home.path(folder, 'checkpoint.guard'),
    signer: signer(),
    clock,
  });
  const embedded = (folder: string) => openLog(places(folder));
  const inPostgres = (folder: string) => openPostgresLog({ ...places(folder), settings: database.settings(schema) });
  const append = (log: EngineLog, from: number, to: number) =>
    Promise.all(Array.from({ length: to - from }, (_, n) => log.append(issuedEvent(from + n))));

  /** A configuration whose log is in the folder, or in the test's schema. */
  function configured(folder: string, store: 'embedded' | 'postgres', changed: Record<string, unknown> = {}): string {
    const postgres = {
      hosts: [`127.0.0.1:${database.port}`],
      database: 'postgres',
      user: 'tester',
      schema,
      tls: { mode: 'off' },
    };
    const audit = {
      ...Object(home.config).audit,
      directory: folder,
      publish: `${folder}/log`,
      ...(store === 'postgres' && { store: { postgres } }),
      ...changed,
    };
    const name = `${folder}-${store}.yaml`;
    home.write(name, stringify({ ...home.config, audit }));
    return home.path(name);
  }
  const move = (from: string, to: string) => countersign(['store', 'move', '--from', from, '--to', to, '--json']);

  describe('move', () => {
    it('takes the log to PostgreSQL and back: proofs of before hold, and each checkpoint goes on from the last', async () => {
      const first = await embedded('there');
      await append(first, 0, 700);
      const proof = await first.tlogProof(123);
      const entry = await first.entry(123);
      const before = openCheckpoint(Buffer.from(first.checkpoint() ?? ''), verifier());
      await first.close();

      const to = configured('there', 'postgres');
      const moved = await move(configured('there', 'embedded'), to);
      expect(moved.stderr).toBe('');
      expect(parsed(moved)).toMatchObject({ origin, size: 700, root: Buffer.from(before.root).toString('base64') });
      const verified = await countersign([
        'audit',
        'verify',
        home.path('there', 'log'),
        '--key',
        signer().vkey,
        '--store',
        to,
        '--json',
      ]);
      expect(parsed(verified)).toMatchObject({ verified: true, store: { verified: true, size: 700 } });

      const second = await inPostgres('there');
      expect((await append(second, 700, 900))[0]).toBe(700);
      await second.publish();
      const after = openCheckpoint(Buffer.from(second.checkpoint() ?? ''), verifier());
      expect(isConsistent(before, after, await second.consistencyProof(700, 900))).toBe(true);
      expect(await second.entry(123)).toEqual(entry);
      expect(verifyTlogProof(proof, entry ?? Buffer.alloc(0), verifier()).size).toBe(700);
      await second.close();

      const back = configured('back', 'embedded');
      expect((await move(to, back)).code).toBe(0);
      const third = await embedded('back');
      expect(await third.append(issuedEvent(900))).toBe(900);
      await third.publish();
      const last = openCheckpoint(Buffer.from(third.checkpoint() ?? ''), verifier());
      expect(isConsistent(after, last, await third.consistencyProof(900, 901))).toBe(true);
      await third.close();
      expect((await verifyDirectory(home.path('back', 'log'), signer().vkey)).size).toBe(901);
      // Each store that was left is as it was.
      expect((await verifyPostgres(database.settings(schema))).size).toBe(900);
      expect((await verifyStore(home.path('there', 'log.db'))).size).toBe(700);
      const words = ['audit', 'verify', home.path('there', 'log'), '--key', signer().vkey, '--json'];
      const left = await countersign([...words, '--store', home.path('there')]);
      const problem = 'what is published speaks of 900 entries, and the store has 700';
      expect(parsed(left)).toMatchObject({ verified: false, store: { problem, index: 700 } });
    }, 60_000);

    it('takes the cursors of sinks along in both directions, and none that is ahead of the log', async () => {
      const log = await embedded('cursors');
      await append(log, 0, 300);
      await log.close();
      for (const folder of ['cursors', 'uncursed']) mkdirSync(home.path(folder, 'exports'), { recursive: true });
      const siem = { next: 256, memo: '{"first":0,"octets":4711}' };
      const before = { siem, 'watch.rules': { next: 300 }, lost: { next: 301 } };
      for (const [sink, place] of Object.entries(before))
        home.write(`cursors/exports/${sink}.cursor`, JSON.stringify(place));
      home.write('cursors/exports/siem.dead.jsonl', '');

      const to = configured('cursors', 'postgres');
      const there = await move(configured('cursors', 'embedded'), to);
      const sinks = [
        { sink: 'siem', next: 256 },
        { sink: 'watch.rules', next: 300 },
        { sink: 'lost', next: 0 },
      ];
      expect(parsed(there)).toMatchObject({ sinks });
      expect(there.stderr).toContain('lost stood at entry 301, ahead of the log: it begins anew');
      const shared = new PostgresCursors(database.settings(schema));
      const places = async (cursors: Cursors) =>
        Promise.all(Object.keys(before).map(async (sink) => (await cursors.hold(sink))?.place));
      const after = [siem, { next: 300 }, { next: 0 }];
      expect(await places(shared)).toEqual(after);
      await shared.close();

      // What an earlier log in that folder has left behind is nobody's place in this one.
      home.write('uncursed/exports/lost.cursor', '{"next":7}');
      expect(await move(to, configured('uncursed', 'embedded'))).toMatchObject({ code: 0, stderr: '' });
      expect(await places(new FileCursors(home.path('uncursed', 'exports')))).toEqual(after);
    }, 60_000);

    it('refuses a store that has a log, one that a server has open, and a log of another name', async () => {
      const [from, to] = [configured('held', 'embedded'), configured('held', 'postgres')];
      const other = await inPostgres('other');
      await append(other, 0, 3);
      const source = await embedded('held');
      await append(source, 0, 3);

      expect(await move(from, to)).toMatchObject({
        code: 4,
        stderr: expect.stringContaining('another process has the store open'),
      });
      await source.close();
      expect(await move(from, to)).toMatchObject({ code: 4, stderr: expect.stringContaining('a server has it open') });
      await other.close();
      expect(await move(from, to)).toMatchObject({ code: 1, stderr: expect.stringContaining('has a log already') });
      const renamed = configured('renamed', 'postgres', { origin: 'log.test/other' });
      expect(await move(from, renamed)).toMatchObject({
        code: 3,
        stderr: expect.stringContaining('a log keeps its own'),
      });
      expect(await move(from, from)).toMatchObject({ code: 3, stderr: expect.stringContaining('the same store') });
      expect(await move(configured('none', 'embedded'), to)).toMatchObject({ code: 1 });
      expect((await verifyPostgres(database.settings(schema))).size).toBe(3);
    }, 60_000);

    it('leaves the new store empty when the old one is damaged, or behind what was signed', async () => {
      const log = await embedded('broken');
      await append(log, 0, 600);
      await log.close();
      const [from, to] = [configured('broken', 'embedded'), configured('broken', 'postgres')];
      const database = new DatabaseSync(logDatabase(home.path('broken')));
      const { body } = database.prepare('SELECT body FROM entry WHERE seq = 400').get() ?? {};
      database.exec("UPDATE entry SET body = x'7b7d' WHERE seq = 400");
      expect(await move(from, to)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('entry 400 does not hash'),
      });
      database.prepare('UPDATE entry SET body = ? WHERE seq = 400').run(body ?? null);
      database.exec('UPDATE tree SET size = 512');
      expect(await move(from, to)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('put back from an older copy'),
      });
      database.exec('UPDATE tree SET size = 600');
      database.close();
      expect(await move(from, to)).toMatchObject({ code: 0 });
    }, 60_000);

    it('what is interrupted has not begun', async () => {
      const put = async (target: Awaited<ReturnType<typeof postgresTarget>>) => {
        await target.put(0, [Buffer.from('{}')], [{ level: 0, n: 0, hashes: Buffer.alloc(32) }]);
        await target[Symbol.asyncDispose]();
      };
      await put(await postgresTarget(database.settings(schema), origin));
      await put(await postgresTarget(database.settings(schema), origin));
      await put(sqliteTarget(home.path('interrupted'), origin));
      await put(sqliteTarget(home.path('interrupted'), origin));
      expect(existsSync(logDatabase(home.path('interrupted')))).toBe(true);
    });
  });

  describe('migrate', () => {
    it('shows what it would do, does it as one that may, and lets the role of servers add to the log', async () => {
      await database.sql('CREATE ROLE appender LOGIN');
      const file = configured('migrated', 'postgres');
      const shown = await countersign(['store', 'migrate', file, '--print', '--grant', 'appender']);
      expect(shown.stdout).toContain('CREATE TABLE entry');
      expect(shown.stdout).toContain(`GRANT INSERT ON "${schema}".entry TO "appender";`);
      expect(await database.sql('SELECT to_regclass($1) AS there', [`${schema}.entry`])).toEqual([{ there: null }]);

      const words = ['store', 'migrate', file, '--user', 'tester', '--grant', 'appender', '--json'];
      expect(parsed(await countersign(words))).toEqual({ from: 0, to: currentVersion });
      expect(parsed(await countersign(words))).toEqual({ from: currentVersion, to: currentVersion });
      const log = await openPostgresLog({
        ...places('migrated'),
        settings: database.settings(schema, { user: 'appender' }),
      });
      expect(await log.append(issuedEvent(0))).toBe(0);
      await log.close();
    });

    it('lets the role of servers keep values beside the log, and erase what the log says alone', async () => {
      const file = configured('erasing', 'postgres');
      const words = ['store', 'migrate', file, '--user', 'tester', '--grant', 'appender'];
      expect((await countersign(words)).code).toBe(0);
      const settings = database.settings(schema, { user: 'appender' });
      const log = await openPostgresLog({ ...places('erasing'), settings, redactable: ['peer.ip'] });
      for (const n of [0, 1]) await log.append({ ...issuedEvent(n), peer: { ip: '192.0.2.7' } });
      const session = await openSession(settings);
      for (const statement of ['DELETE FROM disclosure', "UPDATE disclosure SET value = '0'"])
        await expect(session.query(statement)).rejects.toThrow('permission denied');
      await session.close();
      const redacted = { field: 'peer.ip', records: [0] };
      const record = await log.append({ type: 'log.redacted', id: issuedEvent(2).id, outcome: 'success', redacted });
      await log.publish();
      await log.retention.erase(record);
      await log.close();
      expect(await database.sql(`SELECT seq FROM "${schema}".disclosure`)).toEqual([{ seq: '1' }]);
    });

    it('wants a PostgreSQL, and one that answers', async () => {
      expect(await countersign(['store', 'migrate', configured('plain', 'embedded')])).toMatchObject({ code: 3 });
      const postgres = { hosts: ['127.0.0.1:1'], tls: { mode: 'off' } };
      const away = configured('away', 'embedded', { store: { postgres } });
      expect(await countersign(['store', 'migrate', away])).toMatchObject({
        code: 4,
        stderr: expect.stringContaining('127.0.0.1:1'),
      });
    });
  });
});
