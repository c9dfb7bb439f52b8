import { generateKeyPairSync } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatAddCheckpoint } from '#audit/add-checkpoint.ts';
import { parseCheckpoint, signCheckpoint, softwareCheckpointSigner } from '#audit/checkpoint.ts';
import { cosignedAt, cosigner, parseWitnessVkey } from '#audit/cosignature.ts';
import { formatNote, parseNote, parseSignatures, verifyNote } from '#audit/note.ts';
import { parseVkey } from '#audit/vkey.ts';
import { loadWitnessConfig } from '#config/load-witness.ts';
import type { RunningWitness } from '#server/witness.ts';
import { repository } from '#test/oracles.ts';
import { ours } from '#test/transparency/ours.ts';
import { originHash } from '#witness/seen-heads.ts';
import { newLogKey, SpokenLog } from './spoken-log.ts';
import { type Answered, ask, urlOf, WitnessHome } from './witness-home.ts';

/** A log for each test: what one has had seen is not in the way of the next. */
const logs = Array.from({ length: 24 }, (_, n) => new SpokenLog(newLogKey(`log${n}.test/mesh`)));
let used = 0;
const nextLog = () => logs[used++] ?? new SpokenLog(newLogKey('no.more/logs'));

const old = softwareCheckpointSigner(
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  'rotated.test/mesh',
);
const next = newLogKey('rotated.test/mesh');
const inMlDsa = cosigner('pq.test/mesh', generateKeyPairSync('ml-dsa-44').privateKey);
const home = new WitnessHome([...logs.map(({ key }) => key.vkey), old.vkey, next.vkey, inMlDsa.vkey]);
let witness: RunningWitness;
let url: string;
beforeAll(async () => {
  witness = await home.open();
  url = urlOf(witness);
});
afterAll(async () => {
  await witness.close();
  home[Symbol.dispose]();
});

const verifiers = () => home.vkeys.map(parseWitnessVkey);
const add = (body: string) => ask(url, body);

/** The log's checkpoint with what a witness answered holds under both of its keys. */
function demandCosigned({ status, body }: Answered, checkpoint: string): void {
  expect({ status, body }).toMatchObject({ status: 200 });
  const { text } = parseNote(Buffer.from(checkpoint));
  expect(verifyNote({ text, signatures: parseSignatures(Buffer.from(body)) }, verifiers())).toHaveLength(2);
}

describe('A-19: a witness', () => {
  it('cosigns a log from its beginning on, with a time, in both kinds', async () => {
    const log = nextLog();
    let seen = 0;
    for (const size of [1, 2, 7, 8, 40]) {
      const before = Date.now();
      const answer = await add(await log.asks(seen, size));
      demandCosigned(answer, await log.checkpoint(size));
      for (const signature of parseSignatures(Buffer.from(answer.body)))
        expect(cosignedAt(signature)).toBeGreaterThanOrEqual(before - 1_000);
      seen = size;
    }
  });

  it('cosigns the same tree again, and the empty one', async () => {
    const log = nextLog();
    demandCosigned(await add(await log.asks(0, 0)), await log.checkpoint(0));
    demandCosigned(await add(await log.asks(0, 5)), await log.checkpoint(5));
    demandCosigned(await add(await log.asks(5, 5)), await log.checkpoint(5));
  });

  it('404: for a log that it does not know', async () => {
    expect(await add(await new SpokenLog(newLogKey('unknown.test/mesh')).asks(0, 1))).toMatchObject({ status: 404 });
  });

  it('403: without a signature of a key that it knows, or with one that does not hold', async () => {
    const log = nextLog();
    const stranger = new SpokenLog(newLogKey(log.key.origin));
    expect(await add(await stranger.asks(0, 1))).toMatchObject({ status: 403 });
    const one = parseNote(Buffer.from(await log.checkpoint(1)));
    const two = parseNote(Buffer.from(await log.checkpoint(2)));
    const wrong = formatNote({ text: two.text, signatures: one.signatures });
    expect(await add(formatAddCheckpoint({ old: 0, proof: [], checkpoint: wrong }))).toMatchObject({ status: 403 });
    const beside = parseNote(Buffer.from(await stranger.checkpoint(1)));
    const both = formatNote({ text: one.text, signatures: [...beside.signatures, ...one.signatures] });
    demandCosigned(await add(formatAddCheckpoint({ old: 0, proof: [], checkpoint: both })), both);
  });

  it('400: for what it cannot read, and for an old size past the new one', async () => {
    const log = nextLog();
    expect(await add(await log.asks(6, 5, []))).toMatchObject({ status: 400 });
    for (const body of ['', 'old 0\n', 'old 00\n\nx', `old 0\n\n${log.key.origin}\n1\n`, '\u0000\ufffe'])
      expect(await add(body)).toMatchObject({ status: 400 });
    const response = await fetch(`${url}add-checkpoint`, { method: 'POST', body: Uint8Array.of(0xff, 0xfe) });
    expect(response.status).toBe(400);
  });

  it('409: with the size that it has seen, where the asker means another', async () => {
    const log = nextLog();
    await add(await log.asks(0, 5));
    for (const [from, to] of [
      [0, 9],
      [4, 9],
      [6, 9],
      [3, 4],
    ] as const)
      expect(await add(await log.asks(from, to))).toEqual({ status: 409, type: 'text/x.tlog.size', body: '5\n' });
  });

  it('422: for a proof that does not hold, one too many, and another tree of the same size', async () => {
    const log = nextLog();
    const fork = log.forkedAt(3);
    const hash = Buffer.alloc(32, 1);
    expect(await add(await log.asks(0, 5, [hash]))).toMatchObject({ status: 422 });
    await add(await log.asks(0, 5));
    expect(await add(await log.asks(5, 9, []))).toMatchObject({ status: 422 });
    expect(await add(await log.asks(5, 9, [...log.proof(5, 9), hash]))).toMatchObject({ status: 422 });
    expect(await add(await log.asks(5, 5, [hash]))).toMatchObject({ status: 422 });
    expect(await add(await fork.asks(5, 9))).toMatchObject({ status: 422 });
    const evidence = home.path(`seen/${originHash(log.key.origin)}.disputed`);
    expect(existsSync(evidence)).toBe(false);
    expect(await add(await fork.asks(5, 5))).toMatchObject({
      status: 422,
      body: expect.stringContaining('another tree'),
    });
    expect(readFileSync(evidence, 'utf8')).toBe(await fork.checkpoint(5));
    demandCosigned(await add(await log.asks(5, 9)), await log.checkpoint(9));
  });

  it('422: for an empty tree with a root that is none', async () => {
    const log = nextLog();
    const checkpoint = await signCheckpoint(log.key, 0, Buffer.alloc(32));
    expect(await add(formatAddCheckpoint({ old: 0, proof: [], checkpoint }))).toMatchObject({ status: 422 });
  });

  it('takes old and new key of a log that exchanges them, and one in ML-DSA-44', async () => {
    const [before, after] = [new SpokenLog(old), new SpokenLog(next)];
    demandCosigned(await add(await before.asks(0, 3)), await before.checkpoint(3));
    demandCosigned(await add(await after.asks(3, 6)), await after.checkpoint(6));
    const text = parseNote(Buffer.from(await new SpokenLog(newLogKey(inMlDsa.name)).checkpoint(4))).text;
    const signed = formatNote({ text, signatures: [await inMlDsa.cosign(text, 0)] });
    demandCosigned(await add(formatAddCheckpoint({ old: 0, proof: [], checkpoint: signed })), signed);
  });

  it('shows what it has seen: the checkpoint with its own signatures and those of the log that it has verified', async () => {
    const log = nextLog();
    const path = `${originHash(log.key.origin)}/checkpoint`;
    expect(await ask(url, undefined, path)).toMatchObject({ status: 404 });
    await add(await log.asks(0, 8));
    const { status, body } = await ask(url, undefined, path);
    expect(status).toBe(200);
    const { note, size } = parseCheckpoint(Buffer.from(body));
    expect(size).toBe(8);
    expect(verifyNote(note, [...verifiers(), parseVkey(log.key.vkey)])).toHaveLength(3);
    expect(note.signatures).toHaveLength(3);
  });

  it('of many requests at once none makes it go back, and of each size there is one tree', async () => {
    const log = nextLog();
    await add(await log.asks(0, 1));
    const fork = log.forkedAt(1);
    const bodies = await Promise.all(
      Array.from({ length: 30 }, (_, n) => (n % 2 === 0 ? log : fork).asks(1, 2 + (n % 15))),
    );
    const answers = await Promise.all(bodies.map(add));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 409]));
  });

  it('other methods, other paths and bodies without end are turned away', async () => {
    expect(await ask(url, undefined)).toMatchObject({ status: 405 });
    expect(await ask(url, '', 'checkpoint')).toMatchObject({ status: 405 });
    expect(await ask(url, undefined, `${'A'.repeat(64)}/checkpoint`)).toMatchObject({ status: 404 });
    expect(await ask(url, undefined, '')).toMatchObject({ status: 200, body: expect.stringContaining('tlog-witness') });
    expect(await ask(url, undefined, 'sign-subtree')).toMatchObject({ status: 404 });
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(witness.listening.port, witness.listening.host, () => {
        socket.write('POST /add-checkpoint HTTP/1.1\r\nhost: w\r\ncontent-length: 131073\r\n\r\n');
      });
      socket.on('error', reject);
      socket.on('data', (octets) => {
        resolve(octets.toString('utf8'));
        socket.destroy();
      });
    });
    expect(answer).toMatch(/^HTTP\/1.1 413 /);
  });
});

describe('a witness that starts again', () => {
  it('has forgotten nothing', async () => {
    const log = new SpokenLog(newLogKey('again.test/mesh'));
    using its = new WitnessHome([log.key.vkey]);
    const first = await its.open();
    expect(await ask(urlOf(first), await log.asks(0, 5))).toMatchObject({ status: 200 });
    await first.close();
    const second = await its.open();
    const there = urlOf(second);
    expect(await ask(there, await log.asks(0, 9))).toMatchObject({ status: 409, body: '5\n' });
    expect(await ask(there, await log.forkedAt(2).asks(5, 9))).toMatchObject({ status: 422 });
    expect(await ask(there, await log.asks(5, 9))).toMatchObject({ status: 200 });
    await second.close();
  });

  it('does not start beside another on the same folder, nor where what it kept is damaged or of another log', async () => {
    const log = new SpokenLog(newLogKey('damaged.test/mesh'));
    using its = new WitnessHome([log.key.vkey]);
    const first = await its.open();
    await ask(urlOf(first), await log.asks(0, 5));
    await expect(its.open()).rejects.toMatchObject({ code: 'locked' });
    await first.close();
    const [name = ''] = readdirSync(its.path('seen')).filter((each) => each.endsWith('.checkpoint'));
    const kept = readFileSync(its.path(`seen/${name}`), 'utf8');
    writeFileSync(its.path(`seen/${name}`), kept.slice(0, 40));
    await expect(its.open()).rejects.toMatchObject({ code: 'damaged' });
    writeFileSync(its.path(`seen/${name}`), kept.replaceAll('damaged.test', 'another.test'));
    await expect(its.open()).rejects.toMatchObject({ code: 'damaged' });
  });

  it('one log that asks without end is told to wait, and the others are not', async () => {
    const [eager, other] = [new SpokenLog(newLogKey('eager.test/m')), new SpokenLog(newLogKey('other.test/m'))];
    using its = new WitnessHome([eager.key.vkey, other.key.vkey], {}, { perSecond: 2 });
    const running = await its.open({ now: () => 1_795_000_000_000 });
    const there = urlOf(running);
    const body = await eager.asks(0, 1);
    const statuses = [];
    for (let n = 0; n < 4; n++) statuses.push((await ask(there, body)).status);
    expect(statuses).toEqual([200, 409, 429, 429]);
    expect(await ask(there, await new SpokenLog(newLogKey('eager.test/m')).asks(0, 1))).toMatchObject({ status: 403 });
    expect(await ask(there, await other.asks(0, 1))).toMatchObject({ status: 200 });
    await running.close();
  });
});

describe('docs/witnesses.md', () => {
  it('its commands and its configuration make a witness', async () => {
    const text = readFileSync(join(repository, 'docs/witnesses.md'), 'utf8');
    const block = (language: string) =>
      new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(text)?.[1] ?? '';
    using its = new WitnessHome([]);
    for (const command of block('sh').trim().split('\n')) {
      const [, ...words] = command.split(' ');
      const placed = words.map((word) => (word.endsWith('.key') ? its.path(word) : word));
      expect(await ours(...placed)).toMatchObject({ code: 0 });
    }
    writeFileSync(its.file, block('yaml').replace('0.0.0.0:9404', '127.0.0.1:0'));
    const running = await its.open();
    expect(running.vkeys).toHaveLength(2);
    await running.close();
  });

  it.each([
    ['keys', { keys: [] }],
    ['logs[0]', { logs: ['no vkey'] }],
    ['logs[0]', { logs: [newLogKey('witness.test/w').vkey] }],
    ['name', { name: 'a b' }],
    ['listen', { listen: '127.0.0.1:70000' }],
    ['surprise', { surprise: 1 }],
  ])('a configuration with something wrong under %s is refused by name', (path, more) => {
    using its = new WitnessHome([], {}, more);
    expect(() => loadWitnessConfig(its.file)).toThrow(path);
  });
});
