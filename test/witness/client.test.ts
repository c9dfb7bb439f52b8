import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseAddCheckpoint } from '#audit/add-checkpoint.ts';
import { cosigner, parseWitnessVkey } from '#audit/cosignature.ts';
import { formatSignatures, type NoteSignature, parseNote, verifyNote } from '#audit/note.ts';
import { anyOf } from '#audit/quorum.ts';
import type { Submission } from '#store/cosigning.ts';
import { testCertificate } from '#test/kubernetes/fake-api-server.ts';
import { BackOff } from '#witness/back-off.ts';
import { RemoteWitness } from '#witness/remote-witness.ts';
import { type Round, WitnessCircle } from '#witness/witness-circle.ts';
import { newLogKey, SpokenLog } from './spoken-log.ts';
import { StubWitness } from './stub-witness.ts';
import { urlOf, WitnessHome } from './witness-home.ts';

const log = new SpokenLog(newLogKey('log.test/mesh'));
const key = cosigner('stub.test/w', generateKeyPairSync('ed25519').privateKey);
const stranger = cosigner('stranger.test/w', generateKeyPairSync('ed25519').privateKey);
let stub: StubWitness;
beforeAll(async () => {
  stub = await StubWitness.start();
});
afterAll(() => stub[Symbol.asyncDispose]());
beforeEach(() => {
  stub.asked.length = 0;
});

const remote = (url = stub.url, { vkeys = [key.vkey], name = 'stub', timeoutMs = 5_000 } = {}) =>
  new RemoteWitness({ name, url, keys: vkeys.map(parseWitnessVkey), timeoutMs });

const submission = async (size: number, from = log, grown = size): Promise<Submission> => ({
  note: await from.checkpoint(size),
  proof: async (older) => from.proof(older, size),
  grown: async () => grown,
});

/** What an honest witness answers to this body. */
async function cosigned(body: string, ...by: readonly (typeof key)[]): Promise<{ status: 200; body: string }> {
  const { text } = parseNote(Buffer.from(parseAddCheckpoint(body).checkpoint));
  const signatures: NoteSignature[] = await Promise.all(by.map((each) => each.cosign(text, 1_795_000_000)));
  return { status: 200, body: formatSignatures(signatures) };
}
const seen = (size: number) => ({ status: 409, body: `${size}\n`, headers: { 'content-type': 'text/x.tlog.size' } });

describe('A-19: who asks a witness', () => {
  it('200: takes the cosignatures of its keys, and passes over those of others', async () => {
    stub.answering = (body) => cosigned(body, stranger, key);
    const outcome = await remote().ask(await submission(5));
    expect(outcome).toMatchObject({ kind: 'cosigned', signatures: [{ name: key.name }] });
    expect(stub.olds).toEqual([0]);
  });

  it('200: asks the next time with the size that was cosigned', async () => {
    stub.answering = (body) => cosigned(body, key);
    const witness = remote();
    for (const size of [3, 8, 8]) expect(await witness.ask(await submission(size))).toMatchObject({ kind: 'cosigned' });
    expect(stub.olds).toEqual([0, 3, 8]);
    expect(parseAddCheckpoint(stub.asked[1] ?? '').proof).toHaveLength(log.proof(3, 8).length);
  });

  it.each([
    ['nothing', () => ({ status: 200 })],
    ['the signature of somebody else', (body: string) => cosigned(body, stranger)],
    ['lines that are none', () => ({ status: 200, body: 'OK\n' })],
    ['its signature on something else', async () => cosigned(`old 0\n\n${await log.checkpoint(1)}`, key)],
    ['too much', () => ({ status: 200, body: Buffer.alloc(65_537, 65) })],
  ])('200 with %s is a failure', async (_, answer) => {
    stub.answering = answer;
    expect(await remote().ask(await submission(5))).toMatchObject({ kind: 'failed' });
  });

  it('409: asks again from the size that the witness has seen', async () => {
    stub.answering = (body) => (parseAddCheckpoint(body).old === 4 ? cosigned(body, key) : seen(4));
    expect(await remote().ask(await submission(9))).toMatchObject({ kind: 'cosigned' });
    expect(stub.olds).toEqual([0, 4]);
  });

  it('409: with more than this checkpoint has, it says so and does not ask again', async () => {
    stub.answering = () => seen(12);
    expect(await remote().ask(await submission(9))).toEqual({ kind: 'ahead', size: 12 });
    expect(stub.olds).toEqual([0]);
  });

  it('409: without end, or with no size, is a failure after a few tries', async () => {
    let size = 1;
    stub.answering = () => seen(size++);
    expect(await remote().ask(await submission(40))).toMatchObject({ kind: 'failed' });
    expect(stub.olds).toEqual([0, 1, 2, 3]);
    stub.answering = () => seen(0);
    expect(await remote().ask(await submission(40))).toMatchObject({ kind: 'failed' });
    for (const answer of [
      { ...seen(3), headers: {} },
      { ...seen(3), body: 'three\n' },
    ]) {
      stub.answering = () => answer;
      expect(await remote().ask(await submission(40))).toMatchObject({ kind: 'failed' });
    }
  });

  it('422: is a dispute, with what the witness says', async () => {
    stub.answering = () => ({ status: 422, body: 'no such history\n' });
    const outcome = await remote().ask(await submission(5));
    expect(outcome).toEqual({ kind: 'disputed', problem: '422: "no such history"' });
  });

  it.each([400, 403, 404])('%i: is a refusal; after 400 the next question begins anew', async (status) => {
    const witness = remote();
    stub.answering = (body) => cosigned(body, key);
    await witness.ask(await submission(5));
    stub.answering = () => ({ status, body: 'no' });
    expect(await witness.ask(await submission(6))).toMatchObject({ kind: 'refused', problem: `${status}: "no"` });
    await witness.ask(await submission(6));
    expect(stub.olds).toEqual([0, 5, status === 400 ? 0 : 5]);
  });

  it.each([
    ['a redirect', { status: 302, headers: { location: '/elsewhere' } }],
    ['an error', { status: 500 }],
    ['too often', { status: 429 }],
  ])('%s is a failure, and nobody is asked elsewhere', async (_, answer) => {
    stub.answering = () => answer;
    expect(await remote().ask(await submission(5))).toMatchObject({ kind: 'failed' });
    expect(stub.asked).toHaveLength(1);
  });

  it('over TLS, one whose certificate comes from elsewhere is not believed', async () => {
    const certificate = testCertificate();
    const folder = mkdtempSync(join(tmpdir(), 'countersign-ca-'));
    const ca = join(folder, 'ca.pem');
    writeFileSync(ca, certificate.cert);
    const server = createServer({ ...certificate }, (_, response) => response.writeHead(404).end('over TLS'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const url = `https://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/`;
    const keys = [parseWitnessVkey(key.vkey)];
    const ask = async (more: { readonly ca?: string }) =>
      new RemoteWitness({ name: 'tls', url, keys, timeoutMs: 5_000, ...more }).ask(await submission(5));
    expect(await ask({ ca })).toMatchObject({ kind: 'refused', problem: '404: "over TLS"' });
    expect(await ask({})).toMatchObject({ kind: 'failed', problem: expect.stringContaining('certificate') });
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  });

  it('one that does not answer is given up, and so is one that is not there', async () => {
    stub.answering = () => 'silence';
    const outcome = await remote(stub.url, { timeoutMs: 50 }).ask(await submission(5));
    expect(outcome).toEqual({ kind: 'failed', problem: 'no answer within 50 ms' });
    expect(await remote('http://127.0.0.1:1/').ask(await submission(5))).toMatchObject({ kind: 'failed' });
  });
});

describe('the witnesses of a log', () => {
  const rounds: Round[] = [];
  const circle = (witnesses: RemoteWitness[], quorum: number, without: 'continue' | 'withhold' = 'continue') =>
    new WitnessCircle({
      witnesses,
      quorum: anyOf(quorum, witnesses),
      without,
      clock: { now: () => 1_795_000_000_000 },
      onRound: (round) => rounds.push(round),
      onAsked: () => {},
    });
  beforeEach(() => {
    rounds.length = 0;
  });

  it('A-19: their cosignatures stand beside those of the log, and all of it verifies', async () => {
    using home = new WitnessHome([log.key.vkey]);
    const running = await home.open();
    stub.answering = (body) => cosigned(body, key);
    const real = remote(urlOf(running), { vkeys: [...home.vkeys], name: 'real' });
    const { note, mayPublish, complete } = await circle([real, remote()], 2).gather(await submission(7));
    expect({ mayPublish, complete }).toEqual({ mayPublish: true, complete: true });
    const keys = [...home.vkeys, key.vkey].map(parseWitnessVkey);
    expect(verifyNote(parseNote(Buffer.from(note)), keys)).toHaveLength(3);
    expect(rounds).toEqual([{ size: 7, isMet: true, cosignedBy: ['real', 'stub'] }]);
    await running.close();
  });

  it.each([
    ['continue', true],
    ['withhold', false],
  ] as const)('A-19: without a quorum, %s', async (without, mayPublish) => {
    stub.answering = (body) => cosigned(body, key);
    const circled = circle([remote(), remote('http://127.0.0.1:1/', { name: 'gone' })], 2, without);
    const gathered = await circled.gather(await submission(7));
    expect(gathered).toMatchObject({ mayPublish, complete: false });
    expect(parseNote(Buffer.from(gathered.note)).signatures).toHaveLength(2);
    expect(rounds).toEqual([{ size: 7, isMet: false, cosignedBy: ['stub'] }]);
    expect(circled.standings).toMatchObject([
      { size: 7 },
      { size: 0, problem: expect.stringContaining('ECONNREFUSED') },
    ]);
  });

  it('one that has cosigned a checkpoint is not asked for it again, and one that failed not at once', async () => {
    stub.answering = (body) => cosigned(body, key);
    await using other = await StubWitness.start();
    const circled = circle([remote(), remote(other.url, { name: 'other' })], 2);
    for (let n = 0; n < 3; n++) await circled.gather(await submission(7));
    expect([stub.asked.length, other.asked.length]).toEqual([1, 1]);
  });

  it('nobody waits for one that has failed before; what it gives later is there the next time', async () => {
    await using slow = await StubWitness.start();
    const circled = circle([remote(slow.url, { name: 'slow' })], 1);
    expect(await circled.gather(await submission(7))).toMatchObject({ complete: false });
    const release = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    slow.answering = async (body) => {
      asked.resolve();
      await release.promise;
      return cosigned(body, key);
    };
    const ask = async () => circled.gather(await submission(7));
    // Its time on trial comes; until it answers everybody else goes on without it.
    await vi.waitFor(async () => {
      expect(await ask()).toMatchObject({ complete: false });
      expect(slow.asked).toHaveLength(2);
    }, 20_000);
    await asked.promise;
    release.resolve();
    const gathered = await vi.waitFor(async () => {
      const found = await ask();
      expect(found.complete).toBe(true);
      return found;
    }, 20_000);
    expect(parseNote(Buffer.from(gathered.note)).signatures).toHaveLength(2);
  });

  it('A-19: one that has seen more than there is, or another history, is in dispute; a replica that was first is not', async () => {
    stub.answering = () => seen(12);
    const ahead = circle([remote()], 1);
    await ahead.gather(await submission(7, log, 15));
    expect(ahead.standings).toMatchObject([{ isDisputed: false }]);
    await ahead.gather(await submission(8, log, 8));
    expect(ahead.standings).toMatchObject([
      { isDisputed: true, problem: 'it has seen 12 entries of this log, which has 8' },
    ]);
    using home = new WitnessHome([log.key.vkey], { kinds: ['ed25519'] });
    const running = await home.open();
    const real = () => circle([remote(urlOf(running), { vkeys: [...home.vkeys] })], 1, 'withhold');
    expect(await real().gather(await submission(7))).toMatchObject({ complete: true });
    const forked = real();
    expect(await forked.gather(await submission(9, log.forkedAt(4)))).toMatchObject({ mayPublish: false });
    expect(forked.standings).toMatchObject([{ isDisputed: true, problem: expect.stringMatching(/^422/) }]);
    await running.close();
  });
});

it('who fails is asked less and less often, at least every five minutes', () => {
  const backOff = new BackOff();
  const waits: number[] = [];
  let now = 0;
  for (let n = 0; n < 12; n++) {
    backOff.failed(now);
    const from = now;
    while (!backOff.mayAsk(now)) now += 1_000;
    waits.push((now - from) / 1_000);
  }
  expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
  expect(backOff.onTrial).toBe(true);
  backOff.succeeded();
  expect([backOff.onTrial, backOff.mayAsk(0)]).toEqual([false, true]);
});
