import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { QuestionName } from '#audit/questions/catalogue.ts';
import type { Filters } from '#audit/questions/filters.ts';
import { answerAsked } from '#store/inventory/ask/answer.ts';
import { Projection } from '#store/inventory/projection.ts';
import { openInventoryFile } from '#store/inventory/tables.ts';
import { entryOf, meshLog } from '#test/support/mesh-log.ts';
import { viewOf } from './memory-view.ts';
import { at, type Read, read } from './reference.ts';

const hour = 3_600_000;
const plan = {
  entries: 2_500,
  start: Date.parse('2026-11-01T00:00:00Z'),
  step: 600_000,
  ...{ namespaces: 4, accounts: 5, nodes: 9, ttl: 3_600 },
};
const entries = [...meshLog(plan)].map(read);
const now = plan.start + plan.entries * plan.step;
const view = viewOf(plan.entries, (n) => entryOf(n, plan));

let folder: string;
let database: DatabaseSync;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-counts-'));
  database = openInventoryFile(join(folder, 'inventory.db'), 'log.example/counts', plan.entries);
  const projection = new Projection(database, view);
  // In steps of several sizes, so that what is counted is added to.
  for (const size of [1, 700, 701, plan.entries]) while (await projection.step(size));
});
afterAll(() => {
  database.close();
  rmSync(folder, { recursive: true });
});

const ask = (name: QuestionName, filters: Filters) =>
  answerAsked(database, view, { name, filters, now, limit: 1_000 }, plan.entries);
const weight = ({ value }: Read) => (typeof value.count === 'number' ? value.count : 1);
const isRequest = ({ type }: Read) => /^certificate\.(issued|denied|failed)$/.test(type);

/** Requests by words, the most first. */
function counted(found: readonly Read[], words: (entry: Read) => object): object[] {
  const groups = new Map<string, { words: object; count: number; index: number }>();
  for (const entry of found) {
    const key = JSON.stringify(words(entry));
    const count = (groups.get(key)?.count ?? 0) + weight(entry);
    groups.set(key, { words: words(entry), count, index: entry.seq });
  }
  return [...groups.values()].sort((a, b) => b.count - a.count || b.index - a.index);
}

describe('questions that are answered by counts', () => {
  it.each([
    ['ever', {}],
    ['since', { since: plan.start + 100 * hour }],
    ['in between', { since: plan.start + 100 * hour, until: plan.start + 150 * hour }],
  ])('A-37: most-refused %s', async (_, filters: Filters) => {
    const refused = entries.filter(
      (entry) =>
        isRequest(entry) &&
        at(entry, 'reason') !== undefined &&
        entry.time >= (filters.since ?? 0) &&
        entry.time <= (filters.until ?? now),
    );
    const expected = counted(refused, (entry) => ({
      identity: at(entry, 'caller.identity'),
      reason: at(entry, 'reason'),
    }));
    expect(await ask('most-refused', filters)).toMatchObject({ groups: expected });
  });

  it.each([
    ['ever', {}],
    ['of a namespace', { namespace: 'ns-2' }],
    ['in whole hours', { since: plan.start + 100 * hour, until: plan.start + 150 * hour - 1 }],
  ])('A-37: keys %s', async (_, filters: Filters) => {
    const issued = entries.filter(
      (entry) =>
        entry.type === 'certificate.issued' &&
        entry.time >= (filters.since ?? 0) &&
        entry.time <= (filters.until ?? now) &&
        (filters.namespace === undefined ||
          /\/ns\/([^/]+)/.exec(at(entry, 'certificate.identity') ?? '')?.[1] === filters.namespace),
    );
    const words = (entry: Read) => ({ key: at(entry, 'certificate.key.kind'), level: at(entry, 'decision.level') });
    expect(await ask('keys', filters)).toMatchObject({ groups: counted(issued, words) });
  });

  it.each([
    ['by minute', 60_000, { since: now - 2 * hour }],
    ['by hour', hour, { since: now - 100 * hour }],
    ['by day', 24 * hour, { since: plan.start }],
    ['of refusals', hour, { outcome: 'denied', since: now - 100 * hour }],
    ['of a cluster and a reason', hour, { cluster: 'west', reason: 'key.weak', since: now - 100 * hour }],
    ['of what nobody asked', hour, { cluster: 'north', since: now - 100 * hour }],
  ] as const)('A-37: rate %s, beside a week before', async (_, unitMs, filters: Filters) => {
    const answer = await ask('rate', filters);
    if (answer.answer !== 'rates') throw new Error('no rates');
    expect(answer.unitMs).toBe(unitMs);
    const found = entries.filter(
      (entry) =>
        isRequest(entry) &&
        (filters.outcome ?? at(entry, 'outcome')) === at(entry, 'outcome') &&
        (filters.cluster ?? at(entry, 'caller.cluster')) === at(entry, 'caller.cluster') &&
        (filters.reason === undefined || at(entry, 'reason')?.startsWith(`${filters.reason}.`)),
    );
    const between = (from: number) => found.filter(({ time }) => time >= from && time < from + unitMs);
    const sum = (some: readonly Read[]) => some.reduce((all, entry) => all + weight(entry), 0);
    for (const { start, count, weekBefore, index } of answer.rates) {
      expect({ start, count, weekBefore, index }).toEqual({
        start,
        count: sum(between(start)),
        weekBefore: sum(between(start - 7 * 24 * hour)),
        index: between(start).at(-1)?.seq,
      });
    }
    expect(answer.rates.at(-1)?.start).toBe(Math.floor(now / unitMs) * unitMs);
  });
});
