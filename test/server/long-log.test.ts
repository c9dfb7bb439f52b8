import { createPublicKey, hash } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { canonicalJson } from '#audit/canonical.ts';
import { GrowingTree } from '#store/growing-tree.ts';
import { inventoryFile } from '#store/inventory/place.ts';
import type { MoveTarget } from '#store/move/move-log.ts';
import { postgresTarget } from '#store/postgres/move.ts';
import { sqliteTarget } from '#store/sqlite/move.ts';
import { describeWith } from '#test/oracles.ts';
import { TestHome } from '#test/support/home.ts';
import { entryOf, issuerKey } from '#test/support/mesh-log.ts';
import { PostgresServer } from '#test/support/postgres/server.ts';
import { p256Request } from '#test/support/requests.ts';
import { InProcess, quiet } from './in-process.ts';

const size = 100_000;
const start = Date.parse('2026-11-01T00:00:00Z');
const plan = { entries: size, start, step: 10, namespaces: 5, accounts: 6, nodes: 9, ttl: 3_600 };
const lost = p256Request();
const lostKey = createPublicKey(lost.keyPem).export({ type: 'spki', format: 'der' });
const origin = 'log.test/mesh';

/** Long ago the key of `lost` was revoked as compromised; a hundred thousand records follow. */
function recordAt(n: number): Uint8Array {
  if (n !== 40) return entryOf(n, plan);
  const content = {
    ...{ v: 1, seq: n, type: 'certificate.revoked', outcome: 'success', time: new Date(start + n * 10).toISOString() },
    id: '0193b5c0-0000-7000-8000-0000000000ff',
    certificate: { issuer: { keyId: issuerKey }, key: { spkiSha256: hash('sha256', lostKey, 'hex') }, serial: '4a01' },
    revocation: { effective: '2026-11-01T00:00:00.000Z', reason: 'keyCompromise', requestedBy: 'operator' },
  };
  return Buffer.from(canonicalJson(content));
}

let records: readonly Uint8Array[];
beforeAll(() => {
  // each a view that a 00 octet stands before
  records = Array.from({ length: size }, (_, n) => Buffer.concat([Buffer.of(0), recordAt(n)]).subarray(1));
}, 60_000);

async function fill(target: MoveTarget): Promise<void> {
  await using _ = target;
  const tree = GrowingTree.empty();
  for (let from = 0; from < size; from += 2_000) {
    const entries = records.slice(from, from + 2_000);
    for (const entry of entries) tree.append(entry);
    await target.put(from, entries, tree.takeChanged());
  }
  await target.finish({ size, root: tree.root(), time: start + (size - 1) * 10 }, {}, []);
}

/** Whether an inventory stands in the file. */
function isMade(file: string): boolean {
  using database = new DatabaseSync(file, { readOnly: true, timeout: 5_000 });
  return database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'position'").get() !== undefined;
}

async function claims(home: TestHome): Promise<void> {
  const file = inventoryFile(home.path('audit'));
  // somebody else is making it, and does not come to an end before the door has answered
  const maker = new DatabaseSync(file);
  maker.exec('PRAGMA journal_mode = WAL; BEGIN IMMEDIATE; CREATE TABLE about (name TEXT, value TEXT)');
  await using running = await InProcess.start(home);
  {
    using _ = maker;
    expect(await running.ask({ csr: lost.csr })).toMatchObject({ code: 3 });
    expect(await running.ask()).toMatchObject({ code: 0 });
    expect(isMade(file)).toBe(false);
  }
  await expect.poll(() => isMade(file), { timeout: 30_000 }).toBe(true);
}

async function demandBoth(home: TestHome): Promise<void> {
  mkdirSync(home.path('audit'), { recursive: true });
  await claims(home);
  // with its bookmark the next start reads what came since
  rmSync(inventoryFile(home.path('audit')), { force: true });
  await claims(home);
}

describe('a server with a long log and no inventory', () => {
  it('A-27: opens its door before the inventory has caught up, and certifies no key that was ever compromised', async () => {
    using home = new TestHome({ config: quiet });
    await fill(sqliteTarget(home.path('audit'), origin));
    await demandBoth(home);
  }, 180_000);
});

describeWith(['postgres'], 'a server with a long log in PostgreSQL and no inventory', () => {
  let database: PostgresServer;
  beforeAll(async () => {
    database = await PostgresServer.start();
  });
  afterAll(() => database[Symbol.asyncDispose]());

  it('A-27: opens its door before the inventory has caught up, and certifies no key that was ever compromised', async () => {
    using home = new TestHome({ config: quiet });
    await fill(await postgresTarget(database.settings('long'), origin));
    const hosts = [`127.0.0.1:${database.port}`];
    const postgres = { hosts, database: 'postgres', user: 'tester', schema: 'long', tls: { mode: 'off' } };
    const audit = { ...Object(home.config).audit, store: { postgres } };
    home.write('countersign.yaml', stringify({ ...home.config, audit }));
    await demandBoth(home);
  }, 180_000);
});
