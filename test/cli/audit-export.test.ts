import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { encodeBundle } from '#audit/bundle.ts';
import { cosigner } from '#audit/cosignature.ts';
import { leafHash } from '#audit/merkle.ts';
import { bundlePath, retainedPath } from '#audit/tiles.ts';
import { PublishedLog } from '#cli/audit/published-log.ts';
import { formatNames } from '#export/format-names.ts';
import { deniedEvent, issuedEvent } from '#test/audit/example-event.ts';
import { describeWith } from '#test/oracles.ts';
import { firstMoment, publishedHome } from './exported-log.ts';
import { countersign, launcher, parsed, scratch } from './run-cli.ts';
import { here } from './run-here.ts';

/** More than what one save of the progress covers. */
const size = 9_000;
const eventAt = (n: number) => (n % 10 === 5 ? deniedEvent(n) : issuedEvent(n));

const home = join(scratch(), 'home');
const log = join(home, 'audit', 'log');
let vkey = '';
const entries = () => new PublishedLog(log).entries(0, size);
const linesOf = (file: string) => readFileSync(file, 'utf8').split('\n').slice(0, -1);
const timeOf = (index: number) => String(JSON.parse(Buffer.from(entries()[index] ?? []).toString()).time);

const run = (...words: readonly string[]) => here(['audit', ...words, '--json', '--home', home]);
const verify = (file: string, ...words: readonly string[]) =>
  here(['audit', 'verify-export', file, '--key', vkey, '--home', '/nonexistent', '--json', ...words]);

beforeAll(async () => {
  ({ vkey } = await publishedHome(
    home,
    Array.from({ length: size }, (_, n) => eventAt(n)),
  ));
});

describe('audit export', () => {
  const whole = join(scratch(), 'whole.jsonl');

  it('A-30: each line less its newline hashes to the leaf at its seq, and none is missing', async () => {
    const ran = await run('export', '-o', whole);
    expect(ran.code).toBe(0);
    expect(parsed(ran)).toMatchObject({ rows: size, from: 0, to: size, complete: true });
    const published = new PublishedLog(log);
    const wrong = linesOf(whole).filter((line, seq) => {
      const tile = published.leaves(Math.floor(seq / 256)).subarray((seq % 256) * 32, ((seq % 256) + 1) * 32);
      return JSON.parse(line).seq !== seq || Buffer.compare(leafHash(Buffer.from(line)), tile) !== 0;
    });
    expect(wrong).toEqual([]);
    expect(linesOf(whole)).toHaveLength(size);
    expect(readdirSync(dirname(whole)).sort()).toEqual([
      'whole.jsonl',
      'whole.jsonl.hashes',
      'whole.jsonl.manifest.json',
    ]);
  });

  it('proves itself by its manifest and the key alone', async () => {
    const ran = await verify(whole);
    expect(parsed(ran)).toMatchObject({ verified: true, rows: size, complete: true, by: 'hashes' });
    expect(ran.code).toBe(0);
  });

  it('cuts by time into pieces that are complete, which together are the whole', async () => {
    const cut = timeOf(4_000);
    const before = join(scratch(), 'before.jsonl.gz');
    const from = join(scratch(), 'from.jsonl');
    const until = new Date(Date.parse(cut) - 1).toISOString();
    expect(parsed(await run('export', '--until', until, '-o', before))).toMatchObject({ from: 0, complete: true });
    expect(parsed(await run('export', '--since', cut, '-o', from))).toMatchObject({ to: size, complete: true });
    const both = gunzipSync(readFileSync(before)).toString() + readFileSync(from, 'utf8');
    expect(both === readFileSync(whole, 'utf8')).toBe(true);
    for (const file of [before, from])
      expect(parsed(await verify(file))).toMatchObject({ verified: true, complete: true });
    expect(parsed(await verify(from, '--log', log))).toMatchObject({ verified: true, complete: true, by: 'log' });
  });

  it('of chosen records proves each row, and claims completeness only where it was made again from the log', async () => {
    const file = join(scratch(), 'denied.jsonl.gz');
    const ran = await run('export', '--outcome', 'denied', '--reason', 'identity', '-o', file);
    expect(parsed(ran)).toMatchObject({ rows: size / 10, complete: false });
    expect(parsed(await verify(file))).toMatchObject({ verified: true, rows: size / 10, complete: false });
    expect(parsed(await verify(file, '--log', log))).toMatchObject({ verified: true, complete: true });
    const told = await here(['audit', 'verify-export', file, '--key', vkey]);
    expect(told.stdout).toContain('not claimed');
  });

  it.each([
    ['before all', ['--until', new Date(firstMoment - 1).toISOString()]],
    ['after all', ['--since', '2030-01-01']],
    ['between, the wrong way round', ['--since', '2030-01-01', '--until', '2020-01-01']],
  ])('nothing is an export too: %s', async (_, words) => {
    const file = join(scratch(), 'nothing.jsonl.gz');
    expect(parsed(await run('export', ...words, '-o', file))).toMatchObject({ rows: 0 });
    expect(gunzipSync(readFileSync(file))).toHaveLength(0);
    expect(parsed(await verify(file))).toMatchObject({ verified: true, rows: 0 });
  });

  it('A-28: killed in the middle it goes on where it was: the same octets, no gap, nothing twice', async () => {
    const copy = join(scratch(), 'log');
    cpSync(log, copy, { recursive: true });
    // A bundle that never comes holds the export there.
    const bundle = join(copy, 'tile', 'entries', '034');
    renameSync(bundle, `${bundle}.real`);
    execFileSync('mkfifo', [bundle]);
    const file = join(scratch(), 'killed.jsonl.gz');
    const words = ['audit', 'export', '--log', copy, '--home', home, '--outcome', 'success', '-o', file];
    const child = spawn(launcher, words, { stdio: 'ignore', detached: true });
    await vi.waitUntil(() => existsSync(`${file}.part.json`), { timeout: 20_000 });
    process.kill(-(child.pid ?? 0), 'SIGKILL');
    await once(child, 'exit');
    rmSync(bundle);
    renameSync(`${bundle}.real`, bundle);
    // What the crash tore: octets that were written after the last save.
    writeFileSync(`${file}.part`, 'torn', { flag: 'a' });
    const other = await here(words.with(-4, '--type').with(-3, 'key'));
    expect([other.code, other.stderr]).toEqual([3, expect.stringContaining('another export was begun here')]);
    const policy = join(scratch(), 'policy');
    const { vkey: stranger } = cosigner('w.example', generateKeyPairSync('ed25519').privateKey);
    writeFileSync(policy, `log ${vkey}\nwitness w ${stranger}\nquorum w\n`);
    expect((await here([...words, '--trust-policy', policy])).code).toBe(1);
    expect((await countersign(words)).code).toBe(0);
    const undisturbed = join(scratch(), 'undisturbed.jsonl.gz');
    await here(words.with(-1, undisturbed));
    expect(readFileSync(file).equals(readFileSync(undisturbed))).toBe(true);
    expect(readFileSync(`${file}.hashes`).equals(readFileSync(`${undisturbed}.hashes`))).toBe(true);
    expect(parsed(await verify(file))).toMatchObject({ verified: true, rows: (size * 9) / 10 });
    expect(readdirSync(dirname(file)).sort()).toEqual([
      'killed.jsonl.gz',
      'killed.jsonl.gz.hashes',
      'killed.jsonl.gz.manifest.json',
    ]);
  });

  it('where bodies were dropped, what came after is exported, and is complete', async () => {
    const copy = join(scratch(), 'log');
    cpSync(log, copy, { recursive: true });
    for (let n = 0; n < 12; n++) {
      const kept = entries()
        .slice(n * 256, n * 256 + (n % 3))
        .filter((each) => each !== undefined);
      mkdirSync(dirname(join(copy, retainedPath(n))), { recursive: true });
      writeFileSync(join(copy, retainedPath(n)), encodeBundle(kept));
      rmSync(join(copy, bundlePath(n)));
    }
    const file = join(scratch(), 'after.jsonl');
    const ran = await run('export', '--log', copy, '--since', timeOf(4_000), '-o', file);
    expect(parsed(ran)).toMatchObject({ to: size, complete: true });
    for (const words of [[], ['--log', copy], ['--log', log]])
      expect(parsed(await verify(file, ...words))).toMatchObject({ verified: true, complete: true });
  });

  it.each([
    ['no file', [], 2, 'say where it goes'],
    ['a moment that is none', ['--since', 'yesterday', '-o', '/nonexistent/x'], 2, '--since yesterday'],
    ['a file that is there', ['-o', '/dev/null'], 3, 'exists already'],
    ['no published log', ['-o', '/nonexistent/x', '--log', '/nonexistent'], 3, 'not a published log'],
    ['a folder that is not there', ['-o', '/nonexistent/x'], 3, '/nonexistent/x.part'],
  ])('%s', async (_, words, code, message) => {
    const ran = await run('export', ...words);
    expect([ran.code, ran.stderr]).toEqual([code, expect.stringContaining(message)]);
  });

  it('a log that does not bear out its checkpoint is not exported', async () => {
    const copy = join(scratch(), 'log');
    cpSync(log, copy, { recursive: true });
    const bundle = join(copy, 'tile', 'entries', '003');
    writeFileSync(bundle, readFileSync(bundle, 'latin1').replace('/sa/web', '/sa/wob'), 'latin1');
    const file = join(scratch(), 'forged.jsonl');
    const ran = await run('export', '--log', copy, '-o', file);
    expect([ran.code, ran.stderr]).toEqual([1, expect.stringContaining('not under the root')]);
    expect(existsSync(file)).toBe(false);
  });
});

describe('audit export in other formats', () => {
  it.each(formatNames)(
    '%s: made again from the log it is the same; one octet changed in it is found',
    async (format) => {
      const file = join(scratch(), 'some.gz');
      const words = ['--format', format, '--until', timeOf(300), '--type', 'certificate', '-o', file];
      expect((await run('export', ...words)).code).toBe(0);
      expect(parsed(await verify(file, '--log', log))).toMatchObject({
        verified: true,
        complete: true,
        by: 'log',
        format,
      });
      const octets = gunzipSync(readFileSync(file));
      const at = Math.floor(octets.length / 2);
      octets[at] = (octets[at] ?? 0) ^ 1;
      writeFileSync(file, gzipSync(octets));
      expect(parsed(await verify(file, '--log', log)).problem).toMatch(/the row of entry \d+|its beginning|its end/);
    },
  );

  it('what does not prove itself needs a log: exit 2 where there is none', async () => {
    const file = join(scratch(), 'report.csv');
    await run('export', '--format', 'csv', '-o', file);
    expect(readdirSync(dirname(file)).sort()).toEqual(['report.csv', 'report.csv.manifest.json']);
    expect(await verify(file)).toMatchObject({ code: 2, stderr: expect.stringContaining('give --log DIR') });
    expect((await run('verify-export', file)).code).toBe(0);
  });
});

describeWith(['jq'], 'audit export, read by jq', (path) => {
  it('every jsonl line is what jq takes for one record', async () => {
    const file = join(scratch(), 'some.jsonl');
    await run('export', '--until', timeOf(300), '-o', file);
    const { stdout } = spawnSync(path('jq'), ['-c', '.seq', file], { encoding: 'utf8' });
    expect(stdout.trim().split('\n').map(Number)).toEqual(linesOf(file).map((_, seq) => seq));
  });
});

describe('audit verify-export', () => {
  const made = join(scratch(), 'made');
  const names = ['all.jsonl', 'all.jsonl.hashes', 'all.jsonl.manifest.json'] as const;
  beforeAll(async () => {
    const until = timeOf(300);
    expect((await run('export', '--until', until, '-o', `${made}-all.jsonl`)).code).toBe(0);
    for (const name of names) cpSync(`${made}-${name}`, join(made, name));
  });

  /** Changes a file; whoever did so gives the manifest its new digests. */
  const changed = (name: string, change: (text: string) => string) => {
    const folder = scratch();
    cpSync(made, folder, { recursive: true });
    const path = join(folder, name);
    writeFileSync(path, change(readFileSync(path, 'latin1')), 'latin1');
    const file = join(folder, 'all.jsonl');
    const digest = execFileSync('openssl', ['dgst', '-sha256', '-r', file], { encoding: 'utf8' }).slice(0, 64);
    const manifest = `${file}.manifest.json`;
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(/"sha256": "\w+"/, `"sha256": "${digest}"`));
    return file;
  };
  const lines = (change: (lines: string[]) => string[]) => (text: string) => change(text.split('\n')).join('\n');

  it.each([
    ['a changed word', names[0], (text: string) => text.replace('/sa/web', '/sa/wob'), 'not those that the checkpoint'],
    ['a row less', names[0], lines((all) => all.toSpliced(100, 1)), 'row 101: is entry 101, where entry 100'],
    ['the first row less', names[0], lines((all) => all.slice(1)), 'row 1: is entry 1, where entry 0'],
    ['the last row less', names[0], lines((all) => all.toSpliced(-2, 1)), 'rows; entries 0 to'],
    ['a row twice', names[0], lines((all) => all.toSpliced(7, 0, all[7] ?? '')), 'row 9: is entry 7'],
    ['two rows exchanged', names[0], lines(([a = '', b = '', ...all]) => [b, a, ...all]), 'row 1: is entry 1'],
    ['another spelling', names[0], (text: string) => text.replace('{"caller', '{ "caller'), 'canonical form'],
    ['a torn end', names[0], (text: string) => text.slice(0, -1), 'does not end'],
    ['another hash', names[1], (text: string) => `\u0001${text.slice(1)}`, 'not those that the checkpoint'],
    ['a hash less', names[1], (text: string) => text.slice(32), 'ends before it has led'],
    ['a hash more', names[1], (text: string) => `${text}${text}`, 'goes on after the last hash'],
    ['another root', names[2], (text: string) => text.replace(/n9000\\n\w/, 'n9000\\nA'), 'does not hold'],
    ['a smaller range', names[2], (text: string) => text.replace(/"from": 0/, '"from": 1'), 'row 1: is entry 0'],
    [
      'a claim too many',
      names[2],
      (text: string) => text.replace('"complete": true', '"complete": false'),
      'contradicts',
    ],
    ['another count', names[2], (text: string) => text.replace(/"rows": \d+/, '"rows": 1'), 'its manifest says 1'],
  ])('%s: exit 1, and says so', async (_, name, change, problem) => {
    const ran = await verify(changed(name, change));
    expect(parsed(ran)).toEqual({ verified: false, problem: expect.stringContaining(problem) });
    expect(ran.code).toBe(1);
  });

  it('with the log at hand names the first row that differs', async () => {
    const file = changed(
      names[0],
      lines((all) => all.with(42, all[42]?.replace('/sa/web', '/sa/wob') ?? '')),
    );
    expect(parsed(await verify(file, '--log', log)).problem).toContain('the row of entry 42');
  });

  it('a file whose octets are not those of its manifest: exit 1, though each row is proven', async () => {
    const packed = join(scratch(), 'all.jsonl.gz');
    await run('export', '--until', timeOf(300), '-o', packed);
    execFileSync('sh', ['-c', 'gunzip -c "$0" | gzip -1 > "$0.new" && mv "$0.new" "$0"', packed]);
    expect(parsed(await verify(packed)).problem).toContain('its SHA-256 is');
  });

  it.each([
    ['a field that is none', (text: string) => text.replace('"rows"', '"row"'), 'there is no "row" here'],
    ['a format that is none', (text: string) => text.replace('"jsonl"', '"json"'), '"json" is not one of: jsonl'],
    ['another mapping', (text: string) => text.replace(/"mapping": \d+/, '"mapping": 99'), 'mapping 99 of jsonl'],
    ['a filter that is none', (text: string) => text.replace('"until"', '"unto"'), 'a filter that is none: unto'],
  ])('a manifest with %s: exit 3, naming it', async (_, change, message) => {
    const ran = await verify(changed(names[2], change), '--log', log);
    expect([ran.code, ran.stderr]).toEqual([3, expect.stringContaining(message)]);
  });

  it('no manifest, no file: exit 3', async () => {
    const bare = join(scratch(), 'bare.jsonl');
    expect((await verify(bare)).stderr).toContain('there is no such file');
    writeFileSync(bare, '');
    expect(await verify(bare)).toMatchObject({ code: 3, stderr: expect.stringContaining('no manifest beside') });
  });
});
