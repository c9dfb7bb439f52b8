import { generateKeyPairSync } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { softwareCheckpointSigner } from '#audit/checkpoint.ts';
import { completeEntry, encodeEvent } from '#audit/entry.ts';
import { leafHash } from '#audit/merkle.ts';
import { openLog } from '#store/sqlite/open-log.ts';
import { verifyStore } from '#store/sqlite/verify.ts';
import { StoreError } from '#store/store-error.ts';
import { deniedEvent, issuedEvent } from '#test/audit/example-event.ts';

const pageSize = 8_192;
const size = 700;
const time = '2026-11-21T12:00:00.000Z';

describe('a damaged store', () => {
  const home = mkdtempSync(join(tmpdir(), 'countersign-damaged-'));
  const signer = softwareCheckpointSigner(generateKeyPairSync('ed25519').privateKey, 'log.example.com/damaged');
  const optionsIn = (base: string) => ({
    directory: join(base, 'store'),
    publicDirectory: join(base, 'public'),
    guard: join(base, 'guard'),
    signer,
    clock: { now: () => Date.parse(time) },
  });
  const sound = join(home, 'sound');

  beforeAll(async () => {
    const log = await openLog(optionsIn(sound));
    await Promise.all(Array.from({ length: size }, (_, n) => log.append(issuedEvent(n))));
    await log.close();
  });
  afterAll(() => rmSync(home, { recursive: true }));

  /** A copy with its database changed behind our back. */
  function damaged(change: (database: string) => void): string {
    const copy = mkdtempSync(join(home, 'copy-'));
    cpSync(sound, copy, { recursive: true });
    change(join(copy, 'store', 'log.db'));
    return copy;
  }
  const withSql = (change: (database: DatabaseSync) => void) =>
    damaged((file) => {
      const database = new DatabaseSync(file);
      change(database);
      database.close();
    });
  const verified = (copy: string) => failureOf(verifyStore(join(copy, 'store', 'log.db')));
  const started = async (copy: string) => {
    try {
      await (await openLog(optionsIn(copy))).close();
      return undefined;
    } catch (thrown) {
      if (thrown instanceof StoreError) return thrown;
      throw thrown;
    }
  };

  it('verifies when it is not', async () => {
    expect(await verifyStore(join(sound, 'store', 'log.db'))).toMatchObject({ size });
  });

  it('A-21: garbage in any page stops the start or the verification, at the first entry that cannot be read', async () => {
    const pages = readFileSync(join(sound, 'store', 'log.db')).length / pageSize;
    expect(pages).toBeGreaterThan(30);
    let named = 0;
    for (let page = 0; page < pages; page++) {
      const copy = damaged((file) => {
        const bytes = readFileSync(file);
        bytes.fill(0xa5, page * pageSize, (page + 1) * pageSize);
        writeFileSync(file, bytes);
      });
      const found = (await verified(copy)) ?? (await started(copy));
      expect(found, `page ${page}`).toBeInstanceOf(StoreError);
      expect(found?.code).toBe('damaged');
      const unreadable = firstUnreadable(join(copy, 'store', 'log.db'));
      if (unreadable !== undefined && unreadable > 0) {
        expect(found?.index, `page ${page}`).toBe(unreadable);
        named++;
      }
      rmSync(copy, { recursive: true });
    }
    expect(named).toBeGreaterThan(20);
  });

  const entryAt = (seq: number) => completeEntry(encodeEvent(deniedEvent(seq)), seq, time);
  const put = (seq: number, body: Uint8Array) => (database: DatabaseSync) => {
    database.prepare('UPDATE entry SET body = ? WHERE seq = ?').run(body, seq);
  };
  const putLeaf = (seq: number, body: Uint8Array) => (database: DatabaseSync) => {
    const n = Math.floor(seq / 256);
    const hashes = database.prepare('SELECT hashes FROM tile WHERE level = 0 AND n = ?').get(n)?.hashes;
    if (!(hashes instanceof Uint8Array)) throw new Error('no tile');
    hashes.set(leafHash(body), (seq % 256) * 32);
    database.prepare('UPDATE tile SET hashes = ? WHERE level = 0 AND n = ?').run(hashes, n);
  };
  const all =
    (...changes: ((database: DatabaseSync) => void)[]) =>
    (database: DatabaseSync) => {
      for (const change of changes) change(database);
    };
  const sql = (text: string) => (database: DatabaseSync) => database.exec(text);

  const changes: readonly (readonly [name: string, change: (database: DatabaseSync) => void, index: number])[] = [
    ['an entry altered', put(400, entryAt(400)), 400],
    ['the first entry altered', put(0, entryAt(0)), 0],
    ['an entry removed', sql('DELETE FROM entry WHERE seq = 5'), 5],
    [
      'two entries exchanged',
      sql(
        'UPDATE entry SET seq = -1 WHERE seq = 7; UPDATE entry SET seq = 7 WHERE seq = 9; UPDATE entry SET seq = 9 WHERE seq = -1',
      ),
      7,
    ],
    ['the last entry removed', sql('DELETE FROM entry WHERE seq = 699'), 699],
    ['a leaf hash altered', putLeaf(300, Buffer.from('x')), 300],
    ['a leaf tile removed', sql('DELETE FROM tile WHERE level = 0 AND n = 1'), 256],
    ['an entry and its leaf hash altered alike', all(put(300, entryAt(300)), putLeaf(300, entryAt(300))), 256],
    ['a hash of the next level altered', sql('UPDATE tile SET hashes = zeroblob(64) WHERE level = 1'), 0],
    ['the root altered', sql('UPDATE tree SET root = zeroblob(32)'), size],
    [
      'an entry of the right edge and its leaf hash altered alike',
      all(put(650, entryAt(650)), putLeaf(650, entryAt(650))),
      size,
    ],
  ];
  const put700 = sql("INSERT INTO entry VALUES (700, x'7b7d')");
  const trigger = sql('CREATE TRIGGER forget AFTER INSERT ON entry BEGIN DELETE FROM entry WHERE seq = new.seq; END');
  const foreign: readonly (readonly [name: string, change: (database: DatabaseSync) => void, message: string])[] = [
    ['an entry after the last', put700, 'of index 700'],
    ['an entry before the first', sql("INSERT INTO entry VALUES (-1, x'7b7d')"), 'of index -1'],
    ['a tile too many', sql('INSERT INTO tile SELECT 0, 3, hashes FROM tile WHERE level = 0 AND n = 2'), 'level 0'],
    ['a level too many', sql('INSERT INTO tile VALUES (2, 0, zeroblob(32))'), 'level 2'],
    [
      'a tile lengthened',
      sql("UPDATE tile SET hashes = CAST(hashes || x'00' AS BLOB) WHERE level = 0 AND n = 2"),
      'level 0',
    ],
    ['the time of the newest entry', sql('UPDATE tree SET time = time + 1'), 'newest entry'],
    ['the head taken away', sql('DELETE FROM tree'), 'the tree has 0 entries'],
    ['another fact about the log', sql("INSERT INTO about VALUES ('key', 'x')"), 'layout and origin'],
    ['its origin taken away', sql("DELETE FROM about WHERE name = 'origin'"), 'layout and origin'],
    ['a trigger', trigger, 'the trigger forget'],
    ['a table', sql('CREATE TABLE more (one)'), 'the table more'],
  ];
  it.each(foreign)('A-21: %s is found by the verification, which says so', async (_, change, message) => {
    expect(await verified(withSql(change))).toMatchObject({
      code: 'damaged',
      message: expect.stringContaining(message),
    });
  });

  it.each(changes)('A-21: %s is found by the verification, with its index', async (_, change, index) => {
    expect(await verified(withSql(change))).toMatchObject({ code: 'damaged', index });
  });

  const atStart: readonly (readonly [name: string, change: (database: DatabaseSync) => void])[] = [
    ['the newest entry altered', put(699, entryAt(699))],
    ['the newest entry removed', sql('DELETE FROM entry WHERE seq = 699')],
    ['an entry too many', put700],
    ['a trigger that would lose what comes', trigger],
    ['the head taken away', sql('DELETE FROM tree')],
    ['the head set back', sql('UPDATE tree SET size = 600')],
    ['its time altered', sql('UPDATE tree SET time = time + 1')],
    ['its root altered', sql('UPDATE tree SET root = zeroblob(32)')],
    ['the right edge altered', all(put(650, entryAt(650)), putLeaf(650, entryAt(650)))],
    ['the newest hash of the next level altered', sql('UPDATE tile SET hashes = zeroblob(64) WHERE level = 1')],
  ];
  it.each(atStart)('A-21: does not start with %s', async (_, change) => {
    expect(await started(withSql(change))).toMatchObject({ code: 'damaged' });
  });

  it('a refused start lets go of the store', async () => {
    const copy = withSql(put(699, entryAt(699)));
    expect(await started(copy)).toMatchObject({ code: 'damaged' });
    expect(await started(copy)).toMatchObject({ code: 'damaged' });
  });

  it('says which layout it cannot read', async () => {
    const copy = withSql(sql("UPDATE about SET value = '9' WHERE name = 'layout'"));
    expect(await started(copy)).toMatchObject({ code: 'version', message: expect.stringContaining('layout 9') });
  });

  it('A-17: its origin is fixed after the first start', async () => {
    const other = softwareCheckpointSigner(generateKeyPairSync('ed25519').privateKey, 'log.example.com/other');
    const copy = damaged(() => undefined);
    await expect(openLog({ ...optionsIn(copy), signer: other })).rejects.toMatchObject({ code: 'origin' });
    const spaced = { ...signer, origin: 'two words' };
    await expect(openLog({ ...optionsIn(copy), signer: spaced })).rejects.toThrow('without spaces');
  });
});

/** First entry that a plain reader cannot read. */
function firstUnreadable(file: string): number | undefined {
  try {
    const database = new DatabaseSync(file, { readOnly: true });
    try {
      const statement = database.prepare('SELECT body FROM entry WHERE seq = ?');
      for (let seq = 0; seq < size; seq++) {
        if (errorOf(() => statement.get(seq)) !== undefined || statement.get(seq) === undefined) return seq;
      }
      return undefined;
    } finally {
      database.close();
    }
  } catch {
    return undefined;
  }
}

async function failureOf(run: Promise<unknown>): Promise<(Error & { code?: string; index?: number }) | undefined> {
  try {
    await run;
    return undefined;
  } catch (thrown) {
    return thrown instanceof Error ? thrown : new Error(String(thrown));
  }
}

function errorOf(run: () => unknown): Error | undefined {
  try {
    run();
    return undefined;
  } catch (thrown) {
    return thrown instanceof Error ? thrown : new Error(String(thrown));
  }
}
