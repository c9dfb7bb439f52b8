import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { softwareCheckpointSigner } from '#audit/checkpoint.ts';
import type { AuditEvent } from '#audit/event.ts';
import type { EngineLog } from '#store/engine-log.ts';
import { givesWay } from '#store/inventory/give-way.ts';
import type { Inventory } from '#store/inventory/inventory.ts';
import { inventoryFile } from '#store/inventory/place.ts';
import { openInventory } from '#store/sqlite/open-inventory.ts';
import { openLog } from '#store/sqlite/open-log.ts';
import { deniedEvent, issuedEvent } from '#test/audit/example-event.ts';

const signer = softwareCheckpointSigner(generateKeyPairSync('ed25519').privateKey, 'log.example.com/inventory');
const hex = (n: number, length: number) => n.toString(16).padStart(length, '0');

describe('inventory and issuance', () => {
  it.each([
    ['a storm goes first', 2_000, 1_000, 10_000, true],
    ['a quiet log is followed', 100, 1_000, 10_000, false],
    ['a storm just told of is judged by its rate', 400, 100, 0, true],
    ['past its bound the inventory follows through a storm', 2_000, 1_000, 50_000, false],
    ['nothing new is no storm', 0, 0, 5_000, false],
  ] as const)('%s', (_, grown, elapsed, lag, expected) => {
    expect(givesWay(grown, elapsed, lag)).toBe(expected);
  });
});

describe('inventory', () => {
  let home: string;
  let now: number;
  let log: EngineLog;
  beforeEach(async () => {
    home = mkdtempSync(join(tmpdir(), 'countersign-inventory-'));
    now = Date.parse('2026-11-21T12:00:00Z');
    log = await open();
  });
  afterEach(async () => {
    await log.close();
    rmSync(home, { recursive: true });
  });

  const file = () => inventoryFile(join(home, 'store'));
  const open = () =>
    openLog({
      directory: join(home, 'store'),
      publicDirectory: join(home, 'public'),
      guard: join(home, 'guard'),
      signer,
      clock: { now: () => now },
    });
  const certificate = (n: number, facts: Readonly<Record<string, string>> = {}): AuditEvent => ({
    ...issuedEvent(n),
    caller: {
      credential: { jti: `token-${n % 7}` },
      identity: `spiffe://cluster.local/ns/team-${n % 3}/sa/web`,
      namespace: `team-${n % 3}`,
      node: `node-${n % 5}`,
    },
    certificate: {
      identity: `spiffe://cluster.local/ns/team-${n % 3}/sa/web`,
      issuer: { keyId: 'abcd' },
      key: { spkiSha256: hex(n, 64) },
      notAfter: '2026-11-22T00:00:00Z',
      serial: hex(n, 32),
      sha256: hex(n + 0x1000, 64),
      ...facts,
    },
    decision: { policySetId: 'ef'.repeat(32) },
  });
  const rows = () => {
    const database = new DatabaseSync(file(), { readOnly: true });
    try {
      return ['record', 'word', 'position', 'about'].map((table) => database.prepare(`SELECT * FROM ${table}`).all());
    } finally {
      database.close();
    }
  };

  it('finds a certificate by serial and by hash as soon as its record is durable', async () => {
    for (let n = 0; n < 20; n++) {
      const index = await log.append(certificate(0x1_0000_0000 + n));
      expect(await log.inventory.find({ serial: hex(0x1_0000_0000 + n, 32) })).toEqual([index]);
      expect(await log.inventory.find({ sha256: hex(0x1_0000_1000 + n, 64) })).toEqual([index]);
    }
  });

  it('tells certificates apart that share the octets they are looked up by', async () => {
    const shared = 'ab'.repeat(8);
    const [first, second] = [`${shared}${'01'.repeat(24)}`, `${shared}${'02'.repeat(24)}`];
    await log.append(certificate(1, { sha256: first }));
    await log.append(certificate(2, { sha256: second }));
    expect(await log.inventory.find({ sha256: second })).toEqual([1]);
    expect(await log.inventory.find({ sha256: `${shared}${'03'.repeat(24)}` })).toEqual([]);
  });

  it('leaves alone what another version has open, removes it once nobody has, and never one of a later version', async () => {
    const beside = (name: string) => join(home, 'store', name);
    const [older, oldest, later] = ['inventory-1.db', 'inventory.db', 'inventory-99.db'].map(beside);
    if (older === undefined || oldest === undefined || later === undefined) throw new Error('no names');
    await log.close();
    for (const each of [older, oldest, later]) {
      using database = new DatabaseSync(each);
      database.exec('PRAGMA journal_mode = WAL; CREATE TABLE about (name TEXT)');
    }
    {
      using held = new DatabaseSync(older);
      held.prepare('SELECT * FROM about').all();
      log = await open();
      await log.inventory.position();
      expect([older, oldest, later].map((each) => existsSync(each))).toEqual([true, false, true]);
      expect(held.prepare('SELECT * FROM about').all()).toEqual([]);
    }
    await log.close();
    log = await open();
    await log.inventory.position();
    expect([older, later].map((each) => existsSync(each))).toEqual([false, true]);
  });

  it('follows by itself, unasked', async () => {
    await log.append(certificate(1));
    await vi.waitFor(async () => expect(await log.inventory.position()).toBe(1), { timeout: 10_000 });
  });

  it('has what was got for another under that one, and under the node of both', async () => {
    const identity = 'spiffe://cluster.local/ns/shop/sa/till';
    const caller = {
      identity: 'spiffe://cluster.local/ns/istio-system/sa/ztunnel',
      namespace: 'istio-system',
      node: 'n',
    };
    await log.append({ ...certificate(1, { identity }), caller, onBehalfOf: { identity, node: 'n' } });
    await log.append({ ...certificate(2, { identity: caller.identity }), caller });
    const list = async (filter: Parameters<Inventory['list']>[0]) =>
      (await log.inventory.list(filter)).records.map(({ index }) => index);
    expect(await list({ namespace: 'shop' })).toEqual([0]);
    expect(await list({ namespace: 'istio-system' })).toEqual([1]);
    expect(await list({ identityPrefix: identity })).toEqual([0]);
  });

  it('lists by identity, outcome, namespace and time, newest first, in pages, and says up to where it speaks', async () => {
    for (let n = 0; n < 30; n++) {
      now += 1_000;
      await log.append(n % 10 === 9 ? { ...deniedEvent(n), caller: { namespace: 'team-9' } } : certificate(n));
    }
    const list = async (filter: Parameters<Inventory['list']>[0]) =>
      (await log.inventory.list(filter)).records.map(({ index }) => index);
    expect(await list({ limit: 3 })).toEqual([29, 28, 27]);
    expect(await list({ limit: 3, before: 27 })).toEqual([26, 25, 24]);
    expect(await list({ outcome: 'denied' })).toEqual([29, 19, 9]);
    expect(await list({ identityPrefix: 'spiffe://cluster.local/ns/team-1/', limit: 2 })).toEqual([28, 25]);
    expect(await list({ identityPrefix: 'spiffe://cluster.local/ns/team-1/sa/web2' })).toEqual([]);
    expect(await list({ identityPrefix: '', limit: 1 })).toEqual([29]);
    expect(await list({ namespace: 'team-9', since: now - 1_000 })).toEqual([29]);
    expect(await list({ reason: 'no such reason' })).toEqual([]);
    const { records, upTo } = await log.inventory.list({ limit: 1 });
    expect(upTo).toBe(30);
    expect(records[0]).toMatchObject({
      index: 29,
      time: now,
      type: 'certificate.denied',
      reason: 'identity.trust-domain',
      count: 1,
    });
  });

  it('A-27: made again from the log, it has the same rows', async () => {
    await Promise.all(Array.from({ length: 5_000 }, (_, n) => (n % 9 === 0 ? log.append(deniedEvent(n)) : undefined)));
    await Promise.all(Array.from({ length: 4_000 }, (_, n) => log.append(certificate(n))));
    await log.inventory.list();
    const before = rows();
    await log.close();
    rmSync(file());
    log = await open();
    await log.inventory.list();
    expect(rows()).toEqual(before);
  });

  const unusable: readonly (readonly [name: string, change: (database: DatabaseSync) => void])[] = [
    ['of another layout', (database) => database.exec("UPDATE about SET value = '0' WHERE name = 'layout'")],
    ['of another log', (database) => database.exec("UPDATE about SET value = 'other' WHERE name = 'origin'")],
    ['ahead of the log', (database) => database.exec('UPDATE position SET size = 1000')],
  ];
  it.each(unusable)('one %s is made again', async (_, change) => {
    await log.append(certificate(1));
    await log.inventory.list();
    const before = rows();
    await log.close();
    const database = new DatabaseSync(file());
    change(database);
    database.close();
    log = await open();
    await log.inventory.list();
    expect(rows()).toEqual(before);
  });

  it('one that is rubbish is made again', async () => {
    await log.append(certificate(1));
    await log.close();
    writeFileSync(file(), 'rubbish '.repeat(1_000));
    log = await open();
    expect((await log.inventory.list()).records).toHaveLength(1);
  });

  it('is made once by many who open it at the same moment, and taken away from none', async () => {
    await log.append(certificate(1));
    const place = join(home, 'together.db');
    const open = () => openInventory({ log: join(home, 'store', 'log.db'), file: place, origin: signer.origin });
    const many = Array.from({ length: 6 }, open);
    const found = await Promise.all(many.map((each) => each.find({ serial: hex(1, 32) })));
    expect(found).toEqual(Array(6).fill([0]));
    await Promise.all(many.map((each) => each.close()));
    const again = open();
    expect(await again.position()).toBe(1);
    await again.close();
  });

  it('waits for whoever is making its file, and takes it from nobody', async () => {
    await log.append(certificate(1));
    const place = join(home, 'busy.db');
    const maker = new DatabaseSync(place);
    maker.exec('PRAGMA journal_mode = WAL; BEGIN IMMEDIATE; CREATE TABLE about (name TEXT, value TEXT)');
    const { ino } = statSync(place);
    const late = openInventory({ log: join(home, 'store', 'log.db'), file: place, origin: signer.origin });
    const found = late.find({ serial: hex(1, 32) });
    // Its thread is up, and has come upon the file or is about to.
    await log.append(certificate(2));
    maker.exec('COMMIT');
    maker.close();
    expect(await found).toEqual([0]);
    expect(statSync(place).ino).toBe(ino);
    await late.close();
  });

  it('who asks once asks again: after a question it follows the log by itself', async () => {
    await log.append(certificate(1));
    const rarely = { file: join(home, 'asked.db'), origin: signer.origin, interval: 3_600_000 };
    const asked = openInventory({ log: join(home, 'store', 'log.db'), ...rarely });
    expect(await asked.find({ serial: hex(1, 32) })).toEqual([0]);
    await log.append(certificate(2));
    await expect.poll(() => asked.position(), { timeout: 20_000 }).toBe(2);
    await asked.close();
  });

  it('answers another process’s questions beside a running server', async () => {
    await log.append(certificate(1));
    const beside = openInventory({ log: join(home, 'store', 'log.db'), file: file(), origin: signer.origin });
    expect(await beside.find({ serial: hex(1, 32) })).toEqual([0]);
    await log.append(certificate(2));
    expect(await log.inventory.find({ serial: hex(2, 32) })).toEqual([1]);
    expect(await beside.find({ serial: hex(2, 32) })).toEqual([1]);
    expect(await beside.position()).toBe(2);
    await beside.close();
  });
});
