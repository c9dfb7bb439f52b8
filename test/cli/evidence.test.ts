/** One pack is made, and everything here is asked of it or of a change of it: in two files it would be made twice. */
import { generateKeyPairSync, hash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { encodeBundle } from '#audit/bundle.ts';
import { cosigner } from '#audit/cosignature.ts';
import { decodeEntry } from '#audit/entry.ts';
import { formatNote, parseNote } from '#audit/note.ts';
import { bundlePath, retainedPath } from '#audit/tiles.ts';
import type { Evidence } from '#evidence/evidence.ts';
import { exportCommand } from '#evidence/pages/commands.ts';
import { type QueryName, queries, queryNames } from '#evidence/queries.ts';
import { entryAt, issuedContent, octetsOf } from '#test/support/day/entries.ts';
import { publish, signer, writeHome } from '#test/support/day/home.ts';
import { keyOf } from '#test/support/day/keys.ts';
import { day, type IssuedPlan, type Planned } from '#test/support/day/plan.ts';
import { parsed, scratch } from './run-cli.ts';
import { here } from './run-here.ts';

/** The day's first minutes: policies, an interruption, a revocation, people at the admin API. */
const size = 1_200;
const plans: readonly Planned[] = day.slice(0, size);
const issued = plans.filter((plan): plan is IssuedPlan => plan.what === 'issued');
const desk = scratch();
const [home, copy, key] = [join(desk, 'home'), join(desk, 'home', 'audit', 'log'), join(desk, 'log.vkey')];
const pack = join(desk, 'pack');
let entries: readonly Uint8Array[];
let evidence: Evidence;

const named = ['--period', '2026-11', '--key', key];
const make = (log: string, out: string, ...words: readonly string[]) =>
  here(['evidence', ...named, '--log', log, '-o', out, ...words]);
const verify = (folder: string) =>
  here(['evidence', 'verify', folder, '--key', key, '--home', '/nonexistent', '--json']);
const readEvidence = (folder: string): Evidence => JSON.parse(readFileSync(join(folder, 'evidence.json'), 'utf8'));
const ofQuery = (name: QueryName) => evidence.queries.find((query) => query.name === name);
const cover = (folder: string) => {
  const html = readFileSync(join(folder, 'index.html'), 'utf8');
  return html.slice(html.indexOf('id="summary"'), html.indexOf('</section>'));
};
const fileBy = (folder: string) =>
  new Map(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((each) => each.isFile())
      .map(({ parentPath, name }) => {
        const path = join(parentPath, name);
        return [path.slice(folder.length + 1), hash('sha256', readFileSync(path), 'hex')];
      }),
  );

beforeAll(async () => {
  entries = Array.from({ length: size }, (_, n) => entryAt(n));
  await writeHome(home, entries);
  writeFileSync(key, `${signer.vkey}\n`);
  const ran = await make(copy, pack);
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  evidence = readEvidence(pack);
}, 120_000);

describe('what a pack says of a day', () => {
  const typeOf = (plan: Planned) =>
    plan.what === 'other'
      ? plan.type
      : { issued: 'certificate.issued', denied: 'certificate.denied', revoked: 'certificate.revoked' }[plan.what];
  const reasonOf = (plan: Planned) =>
    plan.what === 'denied' ? plan.reason : plan.n % 5_000 === 100 ? 'internal' : undefined;
  const countOf = (plan: Planned) => (plan.what === 'denied' ? plan.count : 1);
  const begins = (word: string | undefined, start: string) => word === start || word?.startsWith(`${start}.`) === true;

  it.each(queryNames)('%s: as many records and requests as were planned', (name) => {
    const { type, reason } = queries[name];
    const right = plans.filter(
      (plan) => begins(typeOf(plan), type) && (reason === undefined || begins(reasonOf(plan), reason)),
    );
    expect(ofQuery(name)).toMatchObject({
      records: right.length,
      requests: right.reduce((sum, plan) => sum + countOf(plan), 0),
      rows: right.length,
    });
  });

  it('tallies of what was issued are those of the plan', () => {
    const tally = (by: string) =>
      Object.fromEntries(
        ofQuery('issued')
          ?.tallies.find((each) => each.by === by)
          ?.words.map(({ word, count }) => [word, count]) ?? [],
      );
    const counted = (of: (plan: IssuedPlan) => string) =>
      Object.fromEntries([...Map.groupBy(issued, of)].map(([word, group]) => [word, group.length]));
    expect(tally('key')).toEqual(counted((plan) => keyOf(plan.key).kind));
    expect(tally('policy')).toEqual(counted(({ policy }) => policy));
    expect(tally('issuer')).toEqual(counted(({ issuer }) => issuer));
    expect(tally('lifetime')).toEqual(counted(({ ttl }) => (ttl > 86_400 ? 'up to 7 days' : 'up to 1 hour')));
    expect(tally('level')).toEqual(counted(({ policy }) => (policy === 'pay' ? 'fips' : 'not said')));
  });

  it.each(queryNames.filter((name) => plans.some((plan) => begins(typeOf(plan), queries[name].type))))(
    'the command on the page of %s gives the rows that lie beside it',
    async (name) => {
      const out = join(scratch(), `${name}.jsonl`);
      const places: Readonly<Record<string, string>> = { copy, 'log.vkey': key, [`${name}.jsonl`]: out };
      const [, ...words] = exportCommand(name, evidence).split(' ');
      expect(await here(words.map((word) => places[word] ?? word))).toMatchObject({ code: 0 });
      const rows = join(pack, 'rows', `${name}.jsonl`);
      expect(readFileSync(out).equals(existsSync(rows) ? readFileSync(rows) : Buffer.alloc(0))).toBe(true);
    },
  );

  it('samples are those that anybody draws by root, query and index', () => {
    for (const { name, drawn, rows } of evidence.queries) {
      if (rows === 0) continue;
      const lines = readFileSync(join(pack, 'rows', `${name}.jsonl`), 'utf8')
        .trim()
        .split('\n');
      const right = lines
        .map((line): number => JSON.parse(line).seq)
        .map((index) => ({ index, lot: hash('sha256', `${evidence.log.root}\n${name}\n${index}`, 'hex') }))
        .toSorted((one, other) => (one.lot < other.lot ? -1 : 1))
        .slice(0, 5)
        .map(({ index }) => index);
      expect(drawn).toEqual(right.toSorted((a, b) => a - b));
      for (const index of drawn) expect(existsSync(join(pack, 'proofs', `${index}.tlog-proof`))).toBe(true);
    }
  });

  it('a word of the auditor draws others', async () => {
    const other = join(scratch(), 'pack');
    await make(copy, other, '--draw', 'rain on Tuesday');
    const drawn = readEvidence(other).queries.find(({ name }) => name === 'issued')?.drawn;
    expect(drawn).toHaveLength(5);
    expect(drawn).not.toEqual(ofQuery('issued')?.drawn);
    expect(parsed(await verify(other))).toMatchObject({ verified: true });
  });

  it('what interrupted and what was attempted stands on the first page, with its index', () => {
    const text = cover(pack);
    expect(text).toContain('service.degraded</code>: a part of the CA did not work (record 100 of');
    expect(text).toContain('somebody asked for an identity that is not theirs');
    expect(text).toContain('the key of an issuer is in no token, as far as its record says (2 records, the first 3');
    expect(text).toContain('The period is not over in this log');
    expect(text).toContain(`${issued.length} issuances were decided again, and all are what the policy`);
  });
});

describe('the same log', () => {
  it('gives the same octets, also by a checkpoint of before when it has grown', async () => {
    const folder = scratch();
    const grown = join(folder, 'log');
    await publish(
      grown,
      Array.from({ length: size + 300 }, (_, n) => entries[n] ?? entryAt(n)),
    );
    await make(copy, join(folder, 'again'));
    await make(grown, join(folder, 'later'), '--checkpoint', join(pack, 'checkpoint'));
    const right = fileBy(pack);
    expect(right.size).toBeGreaterThan(50);
    expect(fileBy(join(folder, 'again'))).toEqual(right);
    expect(fileBy(join(folder, 'later'))).toEqual(right);
  });

  it('is shown to continue the pack of before', async () => {
    const folder = scratch();
    const grown = join(folder, 'log');
    await publish(
      grown,
      Array.from({ length: size + 300 }, (_, n) => entries[n] ?? entryAt(n)),
    );
    const next = join(folder, 'next');
    await make(grown, next, '--kept', join(pack, 'checkpoint'));
    expect(readEvidence(next).kept).toEqual([{ size, root: evidence.log.root }]);
    expect(parsed(await verify(next))).toMatchObject({ verified: true, size: size + 300 });
  });

  it('gives no pack where it is not the one that somebody saw before', async () => {
    const folder = scratch();
    const login = octetsOf(201, { type: 'admin.login', door: 'admin', actor: { user: 'another', method: 'file' } });
    await publish(join(folder, 'log'), entries.with(201, login));
    const ran = await make(join(folder, 'log'), join(folder, 'pack'), '--kept', join(pack, 'checkpoint'));
    expect([ran.code, ran.stderr]).toEqual([1, expect.stringContaining('are not those that this was signed over')]);
    expect(readdirSync(folder)).toEqual(['log']);
  });

  it('when a byte of it was changed gives no pack', async () => {
    const folder = scratch();
    const log = join(folder, 'log');
    cpSync(copy, log, { recursive: true });
    const bundle = join(log, bundlePath(2));
    writeFileSync(bundle, readFileSync(bundle, 'latin1').replace('"ttl":3600', '"ttl":3601'), 'latin1');
    const out = join(folder, 'pack');
    const ran = await make(log, out);
    expect([ran.code, ran.stderr]).toEqual([1, expect.stringContaining('is not verified')]);
    expect(readdirSync(folder)).toEqual(['log']);
  });
});

describe('a log with something in it', () => {
  it('A-38: an issuance that policy would have refused stands first', async () => {
    const folder = scratch();
    const web = issued[700] ?? Object(undefined);
    const bank = { ...web, identity: 'spiffe://cluster.local/ns/pay-7/sa/bank', namespace: 'pay-7', ttl: 86_400 };
    await publish(join(folder, 'log'), entries.with(web.n, octetsOf(web.n, issuedContent(bank))));
    const ran = await make(join(folder, 'log'), join(folder, 'pack'), '--json', '--draw', 'rain');
    expect(parsed(ran).misfits).toEqual([expect.stringContaining(`Record ${web.n} does not fit`)]);
    expect(cover(join(folder, 'pack'))).toContain(`Record ${web.n} does not fit what policy permits`);
    expect(cover(join(folder, 'pack'))).toContain('Drawn with the word <code>rain</code>');
    expect(parsed(await verify(join(folder, 'pack')))).toMatchObject({ verified: true });
  });

  it('of bodies that were dropped it says how many, and of fields kept apart which', async () => {
    const folder = scratch();
    const log = join(folder, 'log');
    const first = 256;
    const stays = entries
      .slice(first, 2 * first)
      .map(decodeEntry)
      .filter(({ type }) => !/^certificate\.(issued|denied)$/.test(type));
    const pruned = { from: first, to: 2 * first, kept: stays.map(({ seq }) => seq), bodiesSeconds: 86_400 };
    const apart = { commitment: `sha256:${'ab'.repeat(32)}` };
    const login = { type: 'admin.login', door: 'admin', actor: { user: apart, method: 'file' } };
    const said = entries
      .with(size - 2, octetsOf(size - 2, { type: 'log.pruned', pruned }))
      .with(size - 1, octetsOf(size - 1, login));
    await publish(log, said);
    rmSync(join(log, bundlePath(1)));
    mkdirSync(dirname(join(log, retainedPath(1))), { recursive: true });
    writeFileSync(join(log, retainedPath(1)), encodeBundle(stays.map(({ seq }) => said[seq] ?? new Uint8Array())));
    const out = join(folder, 'pack');
    expect(await make(log, out)).toMatchObject({ code: 0 });
    const text = cover(out);
    expect(text).toContain(`Of ${first - stays.length} records that may be of this period only the hashes are left`);
    expect(text).toContain('bodies of old records were dropped');
    expect(text).toContain('The field <code>actor.user</code> of 1 record is kept apart');
    expect(parsed(await verify(out))).toMatchObject({ verified: true });
  });

  it('a period of which it has nothing says so on each page', async () => {
    const out = join(scratch(), 'pack');
    expect(await here(['evidence', '--period', '2025', '--key', key, '--log', copy, '-o', out])).toMatchObject({
      code: 0,
    });
    expect(readFileSync(join(out, 'index.html'), 'utf8')).toContain(
      'The log has nothing to show for this in this period.',
    );
    expect(parsed(await verify(out))).toMatchObject({ verified: true, rows: 0 });
  });
});

describe('a log with witnesses', () => {
  it('A-19: gives a pack with their names to whoever trusts them, and none without a quorum', async () => {
    const folder = scratch();
    const log = join(folder, 'log');
    const witness = cosigner('north.example', generateKeyPairSync('ed25519').privateKey);
    const policy = join(folder, 'mesh.policy');
    writeFileSync(policy, `log ${signer.vkey}\nwitness north ${witness.vkey}\nquorum north\n`);
    await publish(log, entries.slice(0, 300));
    const trusting = (out: string) =>
      here(['evidence', '--period', '2026-11', '--log', log, '--trust-policy', policy, '-o', join(folder, out)]);
    const alone = await trusting('alone');
    expect([alone.code, alone.stderr]).toEqual([1, expect.stringContaining('cosigned by')]);
    const { text, signatures } = parseNote(readFileSync(join(log, 'checkpoint')));
    const cosigned = formatNote({ text, signatures: [...signatures, await witness.cosign(text, 1_795_000_000)] });
    writeFileSync(join(log, 'checkpoint'), cosigned);
    const pack = join(folder, 'pack');
    expect(await trusting('pack')).toMatchObject({ code: 0 });
    expect(readEvidence(pack).witnesses).toEqual(['north']);
    const words = ['evidence', 'verify', pack, '--home', '/nonexistent', '--json'];
    expect(parsed(await here([...words, '--trust-policy', policy]))).toMatchObject({ witnesses: 'known' });
    expect(parsed(await here([...words, '--key', key]))).toMatchObject({ verified: true, witnesses: 'not asked' });
  });
});

describe('evidence verify', () => {
  /** A copy of the pack with one file changed; with the sums made right again unless told. */
  function changed(file: string, change: (text: string) => string | undefined, sums = true): string {
    const folder = join(scratch(), 'pack');
    cpSync(pack, folder, { recursive: true });
    const path = join(folder, file);
    const text = change(existsSync(path) ? readFileSync(path, 'utf8') : '');
    if (text === undefined) rmSync(path);
    else writeFileSync(path, text);
    const all = [...fileBy(folder)].filter(([name]) => name !== 'SHA256SUMS').toSorted(([a], [b]) => (a < b ? -1 : 1));
    if (sums) writeFileSync(join(folder, 'SHA256SUMS'), all.map(([name, sum]) => `${sum}  ${name}\n`).join(''));
    return folder;
  }

  it('needs the pack and the key, and nothing else', async () => {
    expect(parsed(await verify(pack))).toMatchObject({ verified: true, origin: signer.origin, size });
  });

  const said = (change: (evidence: Evidence) => Evidence) => (text: string) =>
    `${JSON.stringify(change(JSON.parse(text)), null, 1)}\n`;
  const ofIssued = (change: (query: Evidence['queries'][number]) => Evidence['queries'][number]) =>
    said((all) => ({ ...all, queries: all.queries.map((query) => (query.name === 'issued' ? change(query) : query)) }));

  /** An issuance that nobody has drawn. */
  const unproven = () => issued.find(({ n }) => !existsSync(join(pack, 'proofs', `${n}.tlog-proof`)))?.n ?? 0;

  type Case = readonly [what: string, file: string, change: (text: string) => string | undefined, problem: string];
  const altered: readonly Case[] = [
    ['a file that is not what its sum says', 'index.html', (text) => `${text} `, 'index.html: was altered'],
    ['a file too many', 'rows/more.jsonl', () => '{}', 'rows/more.jsonl: is no part'],
    ['a file missing', 'rows/revoked.jsonl', () => undefined, 'rows/revoked.jsonl: is missing'],
  ];
  const consistent: readonly Case[] = [
    [
      'a row altered',
      'rows/revoked.jsonl',
      (text) => text.replace('superseded', 'superceded'),
      'are not those that the checkpoint signs',
    ],
    ['a row left out', 'rows/revoked.jsonl', (text) => text.slice(text.indexOf('\n') + 1), 'rows/revoked'],
    ['all rows left out', 'rows/revoked.jsonl', () => undefined, 'rows/revoked.jsonl: is missing'],
    [
      'a count too high',
      'evidence.json',
      ofIssued((query) => ({ ...query, requests: query.requests + 1 })),
      'issued does not follow',
    ],
    [
      'a count that rows do not bear out',
      'evidence.json',
      ofIssued((query) => ({ ...query, rows: query.rows - 1, records: query.records - 1 })),
      'issued says',
    ],
    ['another sample', 'evidence.json', ofIssued((query) => ({ ...query, drawn: [unproven()] })), 'is missing'],
    [
      'another root',
      'evidence.json',
      said((all) => ({
        ...all,
        log: { ...all.log, root: all.log.root.replace(/^./, (c) => (c === 'A' ? 'B' : 'A')) },
      })),
      '"log" is not what',
    ],
    [
      'other policies',
      'evidence.json',
      (text) => text.replace('"description": "version 0"', '"description": "version 1"'),
      'does not say what the log has',
    ],
    [
      'another name of a policy',
      'evidence.json',
      (text) => text.replace(/"name": "[^"]+"(,\s+"content")/, '"name": "harmless"$1'),
      'does not say what the log has',
    ],
    [
      'a finding less on the pages',
      'index.html',
      (text) => text.replace('service.degraded', 'service.upgraded'),
      'says something else than evidence.json',
    ],
    [
      'a proof of another record',
      'proofs/2.tlog-proof',
      (text) => text.replace('index 2', 'index 3'),
      'does not prove record 2',
    ],
    [
      'a checkpoint that the key has not signed',
      'checkpoint',
      (text) => text.replace(String(size), String(size - 1)),
      'signature',
    ],
  ];

  it.each(altered)('%s: exit 1, and says so', async (_, file, change, problem) => {
    const ran = await verify(changed(file, change, false));
    expect(parsed(ran)).toEqual({ verified: false, problem: expect.stringContaining(problem) });
    expect(ran.code).toBe(1);
  });

  it.each(consistent)('%s, and its sum: exit 1, and says so', async (_, file, change, problem) => {
    const ran = await verify(changed(file, change));
    expect(parsed(ran)).toEqual({ verified: false, problem: expect.stringContaining(problem) });
    expect(ran.code).toBe(1);
  });

  it('of another version it says which, and no more', async () => {
    const ran = await verify(
      changed(
        'evidence.json',
        said((all) => ({ ...all, program: '9.9.9' })),
      ),
    );
    expect([ran.code, ran.stdout, ran.stderr]).toEqual([3, '', expect.stringContaining('was made by version 9.9.9')]);
  });

  it('a folder that is none: exit 3', async () => {
    expect(await verify(scratch())).toMatchObject({ code: 3, stderr: expect.stringContaining('no pack of evidence') });
  });
});

describe('the command line', () => {
  it.each([
    [['--period', 'Q7', '-o', 'x'], 2, '--period Q7: give a quarter'],
    [['--period', '2099', '-o', 'x'], 2, 'has not begun yet'],
    [['-o', 'x'], 2, 'say which period'],
    [['--period', '2026'], 2, 'say where it goes'],
    [['--period', '2026', '-o', desk], 3, 'exists already'],
    [['--period', '2026', '-o', join(desk, 'x'), '--log', '/nonexistent'], 3, 'there is no such folder'],
  ])('%j ends with %d: %s', async (words, code, message) => {
    const ran = await here(['evidence', ...words, '--key', key, '--home', home]);
    expect([ran.code, ran.stderr]).toEqual([code, expect.stringContaining(message)]);
  });
});
