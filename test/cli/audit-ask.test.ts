import { generateKeyPairSync } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { softwareCheckpointSigner } from '#audit/checkpoint.ts';
import { questionNames, questions } from '#audit/questions/catalogue.ts';
import { filterNames, filters } from '#audit/questions/filters.ts';
import { parseTlogProof, verifyTlogProof } from '#audit/tlog-proof.ts';
import { parseVkey } from '#audit/vkey.ts';
import { sparkline } from '#cli/terminal/sparkline.ts';
import type { EngineLog } from '#store/engine-log.ts';
import { openLog } from '#store/sqlite/open-log.ts';
import { deniedEvent, issuedEvent } from '#test/audit/example-event.ts';
import { repository } from '#test/oracles.ts';
import { countersign, parsed, scratch } from './run-cli.ts';

const home = join(scratch(), 'home');
const signer = softwareCheckpointSigner(generateKeyPairSync('ed25519').privateKey, 'log.example/ask');
let log: EngineLog;

/** A server's home while the server runs: its log stays open. */
beforeAll(async () => {
  log = await openLog({
    directory: join(home, 'audit'),
    publicDirectory: join(home, 'audit', 'log'),
    guard: join(home, 'guard', 'checkpoint'),
    signer,
    clock: { now: () => Date.now() },
  });
  for (let n = 0; n < 20; n++) await log.append(n % 5 === 3 ? deniedEvent(n) : issuedEvent(n));
  await log.publish();
  writeFileSync(join(home, 'audit', 'log.vkey'), `${signer.vkey}\n`);
});

afterAll(() => log.close());

const ask = (...words: readonly string[]) => countersign(['audit', 'ask', ...words, '--home', home]);
const identity = 'spiffe://cluster.local/ns/demo/sa/web';

describe('audit ask', () => {
  it('A-37: without a name, lists every question that there is', async () => {
    const { stdout, code } = await ask();
    expect(code).toBe(0);
    for (const name of questionNames) expect(stdout).toMatch(new RegExp(`^${name} `, 'm'));
  });

  it('A-37: who held a certificate at a moment, page by page, beside the running server', async () => {
    const first = parsed(
      await ask('held', '--identity', identity, '--at', '2026-11-21T14:03:00Z', '--limit', '10', '--json'),
    );
    expect(first).toMatchObject({ question: 'held', size: 20, before: 7 });
    const rest = await ask('held', '--identity', identity, '--at', '2026-11-21T14:03:00Z', '--before', '7', '--json');
    expect(parsed(rest).records).toMatchObject([6, 5, 4, 2, 1, 0].map((index) => ({ index, record: { seq: index } })));
    const later = await ask('held', '--identity', identity, '--at', '2026-11-23');
    expect(later).toMatchObject({ code: 0, stdout: '', stderr: 'no record matches\n' });
  });

  it('proves each row of an answer, offline, with its entry', async () => {
    const folder = join(scratch(), 'proofs');
    const { code, stdout } = await ask('records', '--reason', 'identity', '--proof', folder);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ *18 /m);
    expect(readdirSync(folder).toSorted()).toEqual(['13', '18', '3', '8'].map((index) => `${index}.tlog-proof`));
    const proof = parseTlogProof(readFileSync(join(folder, '13.tlog-proof'), 'utf8'));
    if (proof.entry === undefined) throw new Error('no entry');
    expect(verifyTlogProof(proof, proof.entry, parseVkey(signer.vkey))).toMatchObject({ size: 20 });
  });

  it('counts requests by time and refusals by reason, each with the newest leaf index', async () => {
    expect(parsed(await ask('most-refused', '--json')).groups).toEqual([
      { words: { reason: 'identity.trust-domain' }, count: 4, index: 18 },
    ]);
    const { rates } = parsed(await ask('rate', '--since', '1h', '--outcome', 'success', '--json'));
    const counted = Array.isArray(rates) ? rates.map(({ count }: { count: number }) => count) : [];
    expect(counted.reduce((sum, count) => sum + count, 0)).toBe(16);
    const { stdout } = await ask('rate', '--since', '1h');
    expect(stdout).toMatch(/^FROM +COUNT/);
  });

  it.each([
    ['a question that needs more', ['held'], 'held needs identity or identity-prefix'],
    ['a filter that it cannot take', ['rate', '--pod', 'x'], 'rate cannot be narrowed by pod'],
    ['a moment that is none', ['records', '--since', 'yesterday'], '--since yesterday: give RFC 3339'],
    ['a service account without its namespace', ['account', '--service-account', 'web'], 'give NAMESPACE/NAME'],
    ['a question that nobody asks', ['why'], 'Allowed choices are held, live'],
  ])('refuses %s, and says what would be right', async (_, words, message) => {
    const { code, stdout, stderr } = await ask(...words);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });
});

describe('docs/audit-questions.md', () => {
  const text = readFileSync(join(repository, 'docs', 'audit-questions.md'), 'utf8');
  it.each(questionNames)('says what %s asks', (name) => {
    expect(text).toContain(`| \`${name}\` | ${questions[name].asks} |`);
  });
  it.each(filterNames)('says what --%s keeps', (name) => {
    expect(text).toContain(`| \`--${name} ${filters[name].of}\` | ${filters[name].help} |`);
  });
});

describe('sparkline', () => {
  it.each([
    [[], 10, ''],
    [[0, 1, 4, 8], 10, ' ▁▄█'],
    [[1, 1, 2, 2, 4, 4], 3, '▂▄█'],
    [[0, 0], 5, '  '],
  ] as const)('of %j in %d', (numbers, room, drawn) => {
    expect(sparkline(numbers, room)).toBe(drawn);
  });
});
