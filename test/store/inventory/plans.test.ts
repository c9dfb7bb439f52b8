import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type QuestionName, questionNames } from '#audit/questions/catalogue.ts';
import type { Filters } from '#audit/questions/filters.ts';
import { answerAsked } from '#store/inventory/ask/answer.ts';
import { Projection } from '#store/inventory/projection.ts';
import { openInventoryFile } from '#store/inventory/tables.ts';
import { entryOf, issuerKey, jtiOfEntry, keyOfEntry, serialOfEntry, sha256OfEntry } from '#test/support/mesh-log.ts';
import { viewOf } from './memory-view.ts';

const plan = {
  entries: 3_000,
  start: Date.parse('2026-11-21T00:00:00Z'),
  step: 60_000,
  ...{ namespaces: 5, accounts: 6, nodes: 9, ttl: 3_600 },
};
const view = viewOf(plan.entries, (n) => entryOf(n, plan));
const now = plan.start + plan.entries * plan.step;

let folder: string;
let database: DatabaseSync;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-plans-'));
  database = openInventoryFile(join(folder, 'inventory.db'), 'log.example/plans', plan.entries);
  const projection = new Projection(database, view);
  while (await projection.step(plan.entries));
});
afterAll(() => {
  database.close();
  rmSync(folder, { recursive: true });
});

const identity = 'spiffe://cluster.local/ns/ns-1/sa/sa-2';
const every: Filters = {
  identity,
  'identity-prefix': 'spiffe://cluster.local/ns/ns-1/',
  'service-account': 'ns-1/sa-2',
  ...{ namespace: 'ns-1', node: 'node-3', cluster: 'east', 'trust-domain': 'cluster.local', pod: 'pod-7' },
  ...{ key: keyOfEntry(7), serial: serialOfEntry(7), sha256: sha256OfEntry(7), token: jtiOfEntry(7) },
  ...{ 'key-kind': 'rsa:2048', issuer: issuerKey, policy: 'team-1', reason: 'key.weak', type: 'certificate' },
  ...{ outcome: 'denied', since: now - 9e6, until: now, at: now, within: 9e7, 'older-than': 2 * 86_400_000 },
};
const needed: Partial<Record<QuestionName, readonly (keyof Filters)[]>> = {
  ...{ held: ['identity'], account: ['service-account'], 'from-node': ['node'], logged: ['serial'], key: ['key'] },
  ...{ 'live-keys': ['key-kind'], 'old-keys': ['older-than'], 'signed-by': ['issuer'], token: ['token'] },
};
const filtersOf = (names: readonly (keyof Filters)[]): Filters =>
  Object.fromEntries(names.map((name) => [name, every[name]]));
const asked: readonly (readonly [string, QuestionName, Filters])[] = [
  ...questionNames.map((name) => [name, name, filtersOf(needed[name] ?? [])] as const),
  ...(Object.keys(every) as (keyof Filters)[])
    .filter((name) => name !== 'older-than')
    .map((name) => [`records by ${name}`, 'records', filtersOf([name])] as const),
];

describe('plans of the questions', () => {
  it.each(asked)('A-37: %s walks no table of records', async (_, name, filters) => {
    const statements = new Set<string>();
    const prepare = DatabaseSync.prototype.prepare;
    const spy = vi.spyOn(database, 'prepare').mockImplementation((sql) => {
      statements.add(sql);
      return prepare.call(database, sql);
    });
    await answerAsked(database, view, { name, filters, now }, plan.entries);
    spy.mockRestore();
    expect(statements.size).toBeGreaterThan(0);
    for (const sql of statements) {
      const steps = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all();
      const walks = steps
        .map(({ detail }) => String(detail))
        .filter((detail) => /^SCAN (record|tally|word|newest|r|o|t)\b/.test(detail));
      expect({ sql, walks }).toEqual({ sql, walks: [] });
    }
  });

  it('A-37: none of them leans on statistics of the tables', () => {
    const found = database.prepare("SELECT name FROM sqlite_schema WHERE name LIKE 'sqlite_stat%'").all();
    expect(found).toEqual([]);
  });
});
