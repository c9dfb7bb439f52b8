import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeEntry } from '#audit/entry.ts';
import { KnownRevocations } from '#server/revocation/known-revocations.ts';
import { entryOf } from '#test/support/mesh-log.ts';

const plan = {
  entries: 5_000,
  start: Date.parse('2026-11-21T00:00:00Z'),
  step: 1_000,
  ...{ namespaces: 5, accounts: 6, nodes: 9, ttl: 3_600 },
};
const all = Array.from({ length: plan.entries }, (_, n) => entryOf(n, plan));
const revoked = all.map(decodeEntry).filter(({ type }) => type === 'certificate.revoked');
const serials = revoked.map(({ certificate }) => Object(certificate).serial);

/** A log of the first entries of all, which counts what is read of it. */
class CountedLog {
  read = 0;
  /** Of which only the hash is left. */
  dropped: (index: number) => boolean = () => false;
  readonly #entries: readonly Uint8Array[];

  constructor(entries: readonly Uint8Array[]) {
    this.#entries = entries;
  }
  get size(): number {
    return this.#entries.length;
  }
  async catchUp(): Promise<void> {}
  async entry(index: number): Promise<Uint8Array | undefined> {
    this.read++;
    return this.dropped(index) ? undefined : this.#entries[index];
  }
  async entries(from: number, to: number): Promise<Uint8Array[]> {
    this.read += Math.max(0, Math.min(to, this.size) - from);
    return this.#entries.slice(from, to).filter((_, at) => !this.dropped(from + at));
  }
}

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-known-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const bookmark = () => join(folder, 'revocations-known.json');
const unkept = (error: unknown): void => expect.fail(String(error));
async function found(log: CountedLog, failed = unkept) {
  const known = await KnownRevocations.open(folder, log, failed);
  return (await known.news()).map(({ serial }) => serial);
}

describe('what is revoked, as the log has it', () => {
  it('is all of it the first time, and the whole log is read for it', async () => {
    const log = new CountedLog(all);
    expect(revoked.length).toBeGreaterThan(10);
    expect(await found(log)).toEqual(serials);
    expect(log.read).toBe(all.length);
  });

  it('is all of it from then on, and only what came after the bookmark is read, and what it points to', async () => {
    await found(new CountedLog(all.slice(0, 4_900)));
    const log = new CountedLog(all);
    expect(await found(log)).toEqual(serials);
    expect(log.read).toBeLessThan(100 + revoked.length + 2);
  });

  it('is given once, and then as it comes', async () => {
    const entries = all.slice(0, 4_000);
    const known = await KnownRevocations.open(folder, new CountedLog(entries), unkept);
    const first = await known.news();
    expect(await known.news()).toEqual([]);
    entries.push(...all.slice(4_000));
    const [second, third] = await Promise.all([known.news(), known.news()]);
    expect([...first, ...second].map(({ serial }) => serial)).toEqual(serials);
    expect(third).toEqual([]);
  });

  const changed = (change: (bookmark: Record<string, unknown>) => unknown) => () => {
    const before: Record<string, unknown> = JSON.parse(readFileSync(bookmark(), 'utf8'));
    writeFileSync(bookmark(), JSON.stringify(change(before)));
  };
  it.each<readonly [string, () => void]>([
    ['deleted', () => rmSync(bookmark())],
    ['empty', () => writeFileSync(bookmark(), '')],
    ['torn', () => writeFileSync(bookmark(), readFileSync(bookmark(), 'utf8').slice(0, 200))],
    ['no object', () => writeFileSync(bookmark(), 'null')],
    ['without a revocation', changed((mark) => ({ ...mark, indexes: [] }))],
    ['ahead', changed((mark) => ({ ...mark, upTo: 4_999 }))],
    ['of what is no index', changed((mark) => ({ ...mark, indexes: [-1, 'x'] }))],
  ])('a bookmark that is %s costs reading the log, and no revocation', async (_, damage) => {
    await found(new CountedLog(all.slice(0, 4_900)));
    damage();
    const log = new CountedLog(all);
    expect(await found(log)).toEqual(serials);
    expect(log.read).toBeGreaterThanOrEqual(all.length);
    expect(await found(new CountedLog(all))).toEqual(serials);
  });

  it('a bookmark of another log, or of one that was set back, is not believed', async () => {
    await found(new CountedLog(all));
    const others = all.map((_, n) => entryOf(n, { ...plan, start: plan.start + 1_000 }));
    expect(await found(new CountedLog(others))).toEqual(serials);
    await found(new CountedLog(all));
    const back = new CountedLog(all.slice(0, 300));
    expect(await found(back)).toEqual(serials.slice(0, revoked.filter(({ seq }) => seq < 300).length));
    expect(back.read).toBeGreaterThanOrEqual(300);
  });

  it('is known also in a log of which bodies were dropped, whole bundles in a row and all but what is kept', async () => {
    const isRevocation = new Set(revoked.map(({ seq }) => seq));
    for (const round of ['without a bookmark', 'with one']) {
      const log = new CountedLog(all);
      log.dropped = (index) => index < 4_096 && !isRevocation.has(index);
      expect({ round, found: await found(log) }).toEqual({ round, found: serials });
    }
    const gone = new CountedLog(all);
    gone.dropped = (index) => index < 4_096;
    rmSync(bookmark());
    const later = revoked.filter(({ seq }) => seq >= 4_096).map(({ certificate }) => Object(certificate).serial);
    expect(await found(gone)).toEqual(later);
  });

  it('is known also where the bookmark cannot be kept, and that is told', async () => {
    rmSync(folder, { recursive: true });
    writeFileSync(folder, 'a file in the way');
    const told: unknown[] = [];
    expect(await found(new CountedLog(all), (error) => told.push(error))).toEqual(serials);
    expect(told).toHaveLength(1);
  });
});
