import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Answer } from '#audit/questions/answer.ts';
import { type Asked, problemWith } from '#audit/questions/ask.ts';
import { type QuestionName, questionNames, questions } from '#audit/questions/catalogue.ts';
import type { FilterName, Filters } from '#audit/questions/filters.ts';
import { answerAsked } from '#store/inventory/ask/answer.ts';
import { Projection } from '#store/inventory/projection.ts';
import { openInventoryFile } from '#store/inventory/tables.ts';
import { entryOf, issuerKey, meshLog, policySet } from '#test/support/mesh-log.ts';
import { viewOf } from './memory-view.ts';
import { at, keyOf, type Read, read, referenceAnswer } from './reference.ts';

const plan = {
  entries: 1_500,
  start: Date.parse('2026-11-21T00:00:00Z'),
  step: 120_000,
  ...{ namespaces: 5, accounts: 6, nodes: 9, ttl: 3_600 },
};
const end = plan.start + plan.entries * plan.step;
const view = viewOf(plan.entries, (n) => entryOf(n, plan));
const entries = [...meshLog(plan)].map(read);

let folder: string;
let database: DatabaseSync;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-questions-'));
  database = openInventoryFile(join(folder, 'inventory.db'), 'log.example/questions', plan.entries);
  const projection = new Projection(database, view);
  while (await projection.step(plan.entries));
});
afterAll(() => {
  database.close();
  rmSync(folder, { recursive: true });
});

const ask = (asked: Asked): Promise<Answer> => answerAsked(database, view, asked, plan.entries);

/** Every page of the answer, one after the other. */
async function indexes(asked: Asked): Promise<number[]> {
  const found: number[] = [];
  for (let before: number | undefined; ; ) {
    const answer = await ask({ ...asked, ...(before !== undefined && { before }) });
    if (answer.answer !== 'records') throw new Error('no records');
    found.push(...answer.records.map(({ index }) => index));
    before = answer.before;
    if (before === undefined) return found;
  }
}

const oneOf = <T>(...values: readonly T[]) => fc.constantFrom(...values);
const entry = fc.integer({ min: 0, max: plan.entries - 1 }).map((n): Read => entries[n] ?? Object(undefined));
const ofEntry = (path: string) => entry.map((each) => at(each, path) ?? 'unheard-of');
const moment = fc.integer({ min: plan.start - 60_000, max: end + 7_200_000 });
const values: { readonly [Name in FilterName]: fc.Arbitrary<NonNullable<Filters[Name]>> } = {
  identity: ofEntry('certificate.identity'),
  'identity-prefix': ofEntry('certificate.identity').chain((id) =>
    fc.integer({ min: 9, max: id.length }).map((length) => id.slice(0, length)),
  ),
  'trust-domain': oneOf('cluster.local', 'other.example', 'nowhere'),
  cluster: oneOf('east', 'west', 'north'),
  namespace: oneOf('ns-0', 'ns-3', 'istio-system', 'nowhere'),
  'service-account': entry.map((each) => `${at(each, 'caller.namespace')}/${at(each, 'caller.serviceAccount')}`),
  pod: ofEntry('caller.pod.name'),
  node: ofEntry('caller.node'),
  key: entry.map((each) => keyOf(each) ?? 'ab'.repeat(32)),
  'key-kind': oneOf('ec:P-256', 'ec:P-384', 'rsa:2048', 'rsa:1024'),
  serial: ofEntry('certificate.serial').map((serial) => (serial === 'unheard-of' ? '00' : serial)),
  sha256: ofEntry('certificate.sha256').map((hash) => (hash === 'unheard-of' ? 'ab'.repeat(32) : hash)),
  issuer: oneOf('mesh', 'spare', issuerKey, 'cd34'.repeat(10)),
  policy: oneOf('team-1', 'team-6', policySet(2), policySet(11), 'team-none'),
  outcome: oneOf('success', 'denied', 'failed'),
  reason: oneOf('key', 'key.weak', 'key.weak.roca', 'key.we', 'identity.mismatch', 'internal'),
  type: oneOf('certificate', 'certificate.issued', 'certificate.denied', 'policy.loaded', 'service', 'serv'),
  token: ofEntry('caller.credential.jti'),
  since: moment,
  until: moment,
  at: moment,
  within: fc.integer({ min: 0, max: 100 * 86_400_000 }),
  'older-than': fc.integer({ min: 86_400_000, max: 5 * 86_400_000 }),
};

const recordsNames = questionNames.filter((name) => questions[name].answer === 'records');

/** A question with the filters that it needs, and a few more. */
function asking(name: QuestionName): fc.Arbitrary<Asked> {
  const needed = (questions[name].needs ?? []).map(([first]) => first).filter((each) => each !== undefined);
  const some = fc.subarray(Object.keys(values) as FilterName[], { maxLength: 3 });
  const chosen = some.map((more) =>
    [...new Set([...needed, ...more])].filter((each) => problemWith(name, withNeeded(needed, each)) === undefined),
  );
  const filters = chosen.chain((all) => fc.record(Object.fromEntries(all.map((each) => [each, values[each]]))));
  return fc.record({ filters, now: oneOf(end, end + 1_800_000), limit: oneOf(1, 7, 1_000) }).map((rest) => ({
    name,
    ...rest,
  }));
}

const withNeeded = (needed: readonly FilterName[], each: FilterName): Filters =>
  Object.fromEntries([...needed, each].map((name) => [name, name === 'older-than' ? 86_400_000 : '00']));

describe('questions over the inventory', () => {
  it.each(recordsNames)('A-37: %s has the records that a walk over all entries has, page by page', async (name) => {
    await fc.assert(
      fc.asyncProperty(asking(name), async (asked) => {
        const expected = referenceAnswer(entries, asked);
        const most = 5 * (asked.limit ?? 50);
        const page = await ask(asked);
        if (page.answer !== 'records') throw new Error('no records');
        expect(page.records.map(({ index }) => index)).toEqual(expected.slice(0, asked.limit));
        if (expected.length <= most) expect(await indexes(asked)).toEqual(expected);
      }),
      { numRuns: 15 },
    );
  });

  it.each(recordsNames)('A-37: %s finds something in this log', async (name) => {
    const asked = { name, filters: neededOf(name), now: end };
    const found = await indexes(asked);
    expect(found).not.toEqual([]);
    expect(found).toEqual(referenceAnswer(entries, asked));
  });
});

/** What it needs, as one entry has it that was issued, is not revoked, and ends late. */
function neededOf(name: QuestionName): Filters {
  const sample = entries[97 * 14];
  if (sample === undefined) throw new Error('the log is too short');
  const known: Filters = {
    identity: at(sample, 'certificate.identity') ?? '',
    'service-account': `${at(sample, 'caller.namespace')}/${at(sample, 'caller.serviceAccount')}`,
    node: at(sample, 'caller.node') ?? '',
    serial: at(sample, 'certificate.serial') ?? '',
    key: keyOf(sample) ?? '',
    'key-kind': at(sample, 'certificate.key.kind') ?? '',
    issuer: issuerKey,
    token: at(sample, 'caller.credential.jti') ?? '',
    'older-than': 86_400_000,
  };
  const needed = (questions[name].needs ?? []).flatMap((group) => group.slice(0, 1));
  return Object.fromEntries(needed.map((each) => [each, known[each]]));
}
