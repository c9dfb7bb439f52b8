import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseCheckpoint, softwareCheckpointSigner } from '#audit/checkpoint.ts';
import type { RedactableField } from '#audit/disclosure.ts';
import { decodeEntry } from '#audit/entry.ts';
import { isConsistent } from '#audit/merkle-proof.ts';
import { verifyDirectory } from '#audit/verify.ts';
import { openPostgresInventory } from '#store/postgres/open-inventory.ts';
import { openPostgresLog } from '#store/postgres/open-log.ts';
import { verifyPostgres } from '#store/postgres/verify.ts';
import { issuedEvent } from '#test/audit/example-event.ts';
import { describeWith } from '#test/oracles.ts';
import { PostgresServer } from '#test/support/postgres/server.ts';
import { type Ended, runLoad } from './load-process.ts';

const { privateKey } = generateKeyPairSync('ed25519');
const signer = softwareCheckpointSigner(privateKey, 'log.example.com/killed');

describeWith(['postgres'], 'replicas on one PostgreSQL', () => {
  let server: PostgresServer;
  let home: string;
  beforeAll(async () => {
    server = await PostgresServer.start();
    home = mkdtempSync(join(tmpdir(), 'countersign-replicas-'));
    writeFileSync(join(home, 'key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    rmSync(home, { recursive: true });
  });

  const open = (schema: string, name: string, now = () => Date.now(), redactable: readonly RedactableField[] = []) =>
    openPostgresLog({
      redactable,
      settings: server.settings(schema),
      directory: join(home, schema, name, 'store'),
      publicDirectory: join(home, schema, name, 'public'),
      guard: join(home, schema, name, 'guard'),
      signer,
      clock: { now },
    });

  /** A process under load; ends by SIGKILL once it has acknowledged so many records. */
  function load(schema: string, name: string, firstId: number, records: number): Promise<Ended> {
    const folder = join(home, schema, name);
    mkdirSync(folder, { recursive: true });
    let left = records;
    const words = [folder, join(home, 'key.pem'), '8', String(firstId), JSON.stringify(server.settings(schema))];
    return runLoad(words, {
      onLine: (_, child) => {
        if (left-- === 0) child.kill('SIGKILL');
      },
    });
  }

  it('A-20 A-23: three processes, each killed under load, leave one tree without a gap in which everything acknowledged stands once', async () => {
    const ended = await Promise.all([
      load('killed', 'a', 1_000_000, 400),
      load('killed', 'b', 2_000_000, 900),
      load('killed', 'c', 3_000_000, 1_500),
    ]);
    const { size } = await verifyPostgres(server.settings('killed'));
    const log = await open('killed', 'd');
    const ids: string[] = [];
    while (ids.length < size) for (const bytes of await log.entries(ids.length, size)) ids.push(decodeEntry(bytes).id);
    for (const { acknowledged, signal } of ended) {
      expect(signal).toBe('SIGKILL');
      expect(acknowledged.size).toBeGreaterThanOrEqual(400);
      for (const [index, id] of acknowledged) expect(ids[index]).toBe(id);
    }
    expect(new Set(ids).size).toBe(ids.length);
    const sequence = ids.map((id) => ended.findIndex(({ acknowledged }) => [...acknowledged.values()].includes(id)));
    expect(new Set(sequence.slice(0, 800)).size).toBeGreaterThan(1);
    // Each has published for itself, and what one has signed is the beginning of what the next has.
    for (const name of ['a', 'b', 'c']) {
      const published = await verifyDirectory(join(home, 'killed', name, 'public'), signer.vkey);
      const proof = await log.consistencyProof(published.size, log.size);
      expect(isConsistent(published, { size: log.size, root: log.root() }, proof)).toBe(true);
    }
    await log.close();
  });

  it('who was alone and is no more writes what it had made once, behind the other, and its values beside it', async () => {
    const withPeer = (n: number) => ({ ...issuedEvent(n), peer: { ip: `192.0.2.${n}`, port: 443 } });
    const now = () => Date.now();
    const [one, other] = await Promise.all([
      open('met', 'one', now, ['peer.ip']),
      open('met', 'other', now, ['peer.ip']),
    ]);
    const order = [one, one, one, other, one, other, other, other, one, one, one];
    for (const [n, log] of order.entries()) expect(await log.append(withPeer(n))).toBe(n);
    const rows = await server.sql('SELECT seq::int, value FROM met.disclosure ORDER BY seq');
    expect(rows).toEqual(order.map((_, n) => ({ seq: n, value: JSON.stringify(`192.0.2.${n}`) })));
    await Promise.all([one.close(), other.close()]);
    expect((await verifyPostgres(server.settings('met'))).size).toBe(order.length);
  });

  it.each([1, 255, 256, 3_000])(
    'who comes back after others have added %i records goes on behind them',
    async (count) => {
      const schema = `added_${count}`;
      const [one, other] = await Promise.all([open(schema, 'one'), open(schema, 'other')]);
      for (let n = 0; n < 2; n++) expect(await one.append(issuedEvent(n))).toBe(n);
      await Promise.all(Array.from({ length: count }, (_, n) => other.append(issuedEvent(2 + n))));
      for (const log of [one, one, other]) await log.append(issuedEvent(10_000 + log.size));
      await Promise.all([one.close(), other.close()]);
      expect((await verifyPostgres(server.settings(schema))).size).toBe(count + 5);
    },
  );

  it('A-9: times run on in the tree, whichever replica has a clock that is behind', async () => {
    const noon = Date.parse('2026-11-21T12:00:00Z');
    const [ahead, behind] = await Promise.all([
      open('clocks', 'ahead', () => noon),
      open('clocks', 'behind', () => noon - 3_600_000),
    ]);
    for (let n = 0; n < 6; n++) expect(await (n % 2 === 0 ? ahead : behind).append(issuedEvent(n))).toBe(n);
    const times = (await behind.entries(0, 6)).map((entry) => decodeEntry(entry).time);
    expect(new Set(times)).toEqual(new Set(['2026-11-21T12:00:00.000Z']));
    expect(behind.newestTime).toBe(noon);
    await Promise.all([ahead.close(), behind.close()]);
  });

  it('one that appends nothing publishes, and finds, what the others have appended', async () => {
    const [busy, idle] = await Promise.all([open('idle', 'busy'), open('idle', 'idle')]);
    await Promise.all(Array.from({ length: 300 }, (_, n) => busy.append(issuedEvent(n))));
    await expect.poll(() => idle.publishedSize, { timeout: 20_000 }).toBe(300);
    expect(parseCheckpoint(readFileSync(join(home, 'idle', 'idle', 'public', 'checkpoint'))).size).toBe(300);
    expect((await idle.inventory.list({ limit: 1 })).upTo).toBe(300);
    expect(await idle.append(issuedEvent(300))).toBe(300);
    await Promise.all([busy.close(), idle.close()]);
  });

  it('A-37: questions by name are answered beside them, from an inventory of its own', async () => {
    const log = await open('asked', 'one');
    await Promise.all(Array.from({ length: 30 }, (_, n) => log.append(issuedEvent(n))));
    const inventory = await openPostgresInventory(server.settings('asked'), join(home, 'asked.db'));
    const at = Date.parse('2026-11-21T14:03:00Z');
    const filters = { identity: 'spiffe://cluster.local/ns/demo/sa/web', at };
    const answer = await inventory.ask({ name: 'held', filters, now: at, limit: 20 });
    expect(answer).toMatchObject({ upTo: 30, before: 10 });
    expect(await inventory.ask({ name: 'held', filters, now: at, before: 10 })).toMatchObject({
      records: Array.from({ length: 10 }, (_, n) => ({ index: 9 - n })),
    });
    await expect(inventory.ask({ name: 'held', filters: {}, now: at })).rejects.toThrow('held needs identity');
    await Promise.all([inventory.close(), log.close()]);
  });
});
