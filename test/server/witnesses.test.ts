import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { stringify } from 'yaml';
import { parseCheckpoint, softwareCheckpointSigner } from '#audit/checkpoint.ts';
import { cosigner, parseWitnessVkey } from '#audit/cosignature.ts';
import { witnessesOf } from '#audit/quorum.ts';
import type { RunningWitness } from '#server/witness.ts';
import { parsed } from '#test/cli/run-cli.ts';
import { oracle } from '#test/oracles.ts';
import { TestHome } from '#test/support/home.ts';
import { logcheck } from '#test/transparency/judges.ts';
import { ours } from '#test/transparency/ours.ts';
import { urlOf, WitnessHome } from '#test/witness/witness-home.ts';
import { InProcess, quiet } from './in-process.ts';

const patient = { timeout: 20_000, interval: 50 };

/** A CA's home whose log a witness of its own sees. */
class Watched implements Disposable {
  readonly home = new TestHome({ config: quiet });
  readonly vkey = softwareCheckpointSigner(createPrivateKey(this.home.logKeyPem), 'log.test/mesh').vkey;
  readonly witnessHome = new WitnessHome([this.vkey]);
  #port = 0;

  /** The witness, on the port that it has had before. */
  async witness(): Promise<RunningWitness> {
    const running = await this.witnessHome.open(undefined, this.#port);
    this.#port = running.listening.port;
    return running;
  }

  configure(witness: RunningWitness, more: Readonly<Record<string, unknown>> = {}): void {
    const ask = [{ url: urlOf(witness), vkeys: this.witnessHome.vkeys }];
    const audit = { ...Object(this.home.config.audit), witnesses: { ask, ...more } };
    this.home.write('countersign.yaml', stringify({ ...this.home.config, audit }));
    this.home.write('policy', `log ${this.vkey}\nwitness w ${this.witnessHome.vkeys[0]} ${urlOf(witness)}\nquorum w\n`);
  }

  get checkpoint() {
    return parseCheckpoint(readFileSync(join(this.home.published, 'checkpoint')));
  }

  get isCosigned(): boolean {
    const keys = this.witnessHome.vkeys.map(parseWitnessVkey);
    return witnessesOf(this.checkpoint.note, [{ name: 'w', keys }]).size === 1;
  }

  verify() {
    return ours('audit', 'verify', this.home.published, '--trust-policy', this.home.path('policy'));
  }

  [Symbol.dispose](): void {
    this.home[Symbol.dispose]();
    this.witnessHome[Symbol.dispose]();
  }
}

const told = ({ records }: InProcess) =>
  records
    .filter(({ type }) => type === 'log.witnessed')
    .map(({ outcome, change }) => [outcome, Object(change).content]);

/** The published checkpoint covers all records by now. */
const isPublished = (running: InProcess, { checkpoint }: Watched) => checkpoint.size === running.records.length;

afterEach(() => vi.restoreAllMocks());

describe('a log with a witness', () => {
  it('A-19: is published with cosignatures, and so is each proof; one record tells of it, and no more come', async () => {
    using watched = new Watched();
    const { home } = watched;
    const witness = await watched.witness();
    watched.configure(witness);
    await using running = await InProcess.start(home);
    const { chain } = await running.ask();
    home.write('web.pem', chain[0] ?? '');
    await vi.waitFor(() => expect(told(running)).toEqual([['success', { cosignedBy: ['witness.test/w'] }]]), patient);
    await vi.waitFor(() => expect(isPublished(running, watched) && watched.isCosigned).toBe(true), patient);
    expect(watched.checkpoint.note.signatures).toHaveLength(3);
    expect(await watched.verify()).toMatchObject({ code: 0, stdout: expect.stringContaining('cosigned by') });
    const trusted = ['--trust-policy', home.path('policy')];
    const proof = home.path('web.tlog-proof');
    const prove = ['audit', 'prove', home.path('web.pem'), '--log', home.published, '--out', proof, ...trusted];
    expect(await ours(...prove)).toMatchObject({ code: 0 });
    const check = ['audit', 'check', home.path('web.pem'), '--proof', proof];
    expect(await ours(...check, ...trusted)).toMatchObject({ code: 0 });
    if (oracle('set:transparency').available)
      for (const file of [join(home.published, 'checkpoint'), proof])
        expect(parsed(await logcheck('witnessed', home.path('policy'), file))).toEqual({ witnessed: true });
    home.write('stranger', `log ${watched.vkey}\nwitness w ${otherWitness}\nquorum w\n`);
    const stranger = ['--trust-policy', home.path('stranger')];
    expect(await ours(...check, ...stranger)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('cosigned by'),
    });
    const { body } = await running.get('/metrics');
    expect(body).toContain('countersign_witness_quorum_met 1');
    expect(body).toContain('countersign_witness_disputed{witness="witness.test/w"} 0');
    expect(body).toMatch(/countersign_witness_requests_total\{witness="witness.test\/w",outcome="cosigned"\} [1-9]/);
    expect(told(running)).toHaveLength(1);
    await running.close();
    expect(watched.isCosigned).toBe(true);
    await witness.close();
  });

  it('A-19: goes on without it where that is configured, says so, and has it again when it is back', async () => {
    using watched = new Watched();
    const witness = await watched.witness();
    watched.configure(witness);
    await using running = await InProcess.start(watched.home);
    await vi.waitFor(() => expect(told(running)).toHaveLength(1), patient);
    await witness.close();
    expect(await running.ask()).toMatchObject({ code: 0 });
    await vi.waitFor(() => expect(told(running).at(-1)).toEqual(['failed', { cosignedBy: [] }]), patient);
    await vi.waitFor(() => expect(isPublished(running, watched)).toBe(true), patient);
    expect(watched.isCosigned).toBe(false);
    expect(await watched.verify()).toMatchObject({ code: 1 });
    const { status, body } = await running.get('/readyz?verbose');
    expect({ status, body }).toMatchObject({ status: 200, body: expect.stringContaining('ECONNREFUSED') });
    expect((await running.get('/metrics')).body).toContain('countersign_witness_quorum_met 0');
    const again = await watched.witness();
    await vi.waitFor(() => expect(told(running).at(-1)?.[0]).toBe('success'), patient);
    await vi.waitFor(() => expect(watched.isCosigned).toBe(true), patient);
    await running.close();
    await again.close();
  });

  it('A-19: or is held back until there is one, while certificates are issued; past its bound none are', async () => {
    using watched = new Watched();
    const witness = await watched.witness();
    watched.configure(witness, { without: 'withhold', stopAfter: '1m' });
    await using running = await InProcess.start(watched.home);
    await vi.waitFor(() => expect(told(running)).toHaveLength(1), patient);
    await witness.close();
    expect(await running.ask()).toMatchObject({ code: 0 });
    await vi.waitFor(() => expect(told(running)).toHaveLength(2), patient);
    const { size } = watched.checkpoint;
    expect(watched.isCosigned).toBe(true);
    expect(running.records.length).toBeGreaterThan(size);
    // What was signed meanwhile is kept, so that nothing smaller and nothing beside it is.
    const guard = () => parseCheckpoint(readFileSync(watched.home.path('audit/checkpoint.guard'))).size;
    await vi.waitFor(() => expect(guard()).toBe(running.records.length), patient);
    expect(watched.checkpoint.size).toBe(size);
    const truly = performance.now.bind(performance);
    vi.spyOn(performance, 'now').mockImplementation(() => truly() + 120_000);
    expect(await running.ask()).toMatchObject({ code: 14, message: expect.stringContaining('witnesses') });
    await vi.waitFor(async () => expect((await running.get('/readyz')).status).toBe(503), patient);
    const again = await watched.witness();
    await vi.waitFor(() => expect(told(running).at(-1)?.[0]).toBe('success'), patient);
    expect(await running.ask()).toMatchObject({ code: 0 });
    await vi.waitFor(() => expect(isPublished(running, watched) && watched.isCosigned).toBe(true), patient);
    await running.close();
    await again.close();
  });

  it('A-19: the bound goes on through a restart, from the record that says since when; nothing is said twice', async () => {
    using watched = new Watched();
    const witness = await watched.witness();
    watched.configure(witness, { stopAfter: '1m' });
    {
      await using running = await InProcess.start(watched.home);
      await vi.waitFor(() => expect(told(running)).toHaveLength(1), patient);
      await witness.close();
      expect(await running.ask()).toMatchObject({ code: 0 });
      await vi.waitFor(() => expect(told(running)).toHaveLength(2), patient);
    }
    const truly = Date.now.bind(Date);
    vi.spyOn(Date, 'now').mockImplementation(() => truly() + 120_000);
    await using running = await InProcess.start(watched.home);
    await vi.waitFor(async () => expect((await running.get('/readyz')).status).toBe(503), patient);
    expect(await running.ask()).toMatchObject({ code: 14, message: expect.stringContaining('witnesses') });
    expect(told(running)).toHaveLength(2);
    const again = await watched.witness();
    await vi.waitFor(() => expect(told(running).at(-1)?.[0]).toBe('success'), patient);
    expect(await running.ask()).toMatchObject({ code: 0 });
    await running.close();
    await again.close();
  });

  it('A-24: a backup that was put back is caught: the witness has seen more, and then another history', async () => {
    using watched = new Watched();
    const { home } = watched;
    const witness = await watched.witness();
    watched.configure(witness);
    const live = async (certificates: number) => {
      await using running = await InProcess.start(home);
      for (let n = 0; n < certificates; n++) expect(await running.ask()).toMatchObject({ code: 0 });
      await running.close();
    };
    await live(1);
    const backup = mkdtempSync(join(tmpdir(), 'countersign-backup-'));
    cpSync(home.path('audit'), backup, { recursive: true });
    await live(30);
    const { size } = watched.checkpoint;
    rmSync(home.path('audit'), { recursive: true });
    cpSync(backup, home.path('audit'), { recursive: true });
    rmSync(backup, { recursive: true });
    await using running = await InProcess.start(home);
    const disputes = () =>
      running.records.filter(({ message }) => String(message).includes('has seen another history of this log'));
    await vi.waitFor(() => expect(disputes()).toHaveLength(1), patient);
    expect(disputes()).toMatchObject([
      { type: 'log.witnessed', outcome: 'failed', message: expect.stringContaining(`it has seen ${size} entries`) },
    ]);
    expect((await running.get('/metrics')).body).toContain('countersign_witness_disputed{witness="witness.test/w"} 1');
    while (running.records.length <= size) await running.ask();
    const truly = performance.now.bind(performance);
    vi.spyOn(performance, 'now').mockImplementation(() => truly() + 600_000);
    await vi.waitFor(async () => expect((await running.get('/readyz?verbose')).body).toContain('422'), patient);
    expect(watched.isCosigned).toBe(false);
    expect(await watched.verify()).toMatchObject({ code: 1, stdout: expect.stringContaining('others do not see') });
    expect(disputes()).toHaveLength(1);
    await running.close();
    await witness.close();
  });
});

const otherWitness = cosigner('other.test/w', generateKeyPairSync('ed25519').privateKey).vkey;

/** A port that nobody has at present. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}

describe('two servers that witness each other', () => {
  it('A-19: each cosigns the log of the other, and comes to rest', async () => {
    const names = ['one', 'two'] as const;
    const parts = await Promise.all(
      names.map(async (name) => {
        const home = new TestHome({ config: quiet });
        const key = generateKeyPairSync('ed25519').privateKey;
        home.write('witness.key', key.export({ type: 'pkcs8', format: 'pem' }).toString(), 0o600);
        const origin = `log.test/${name}`;
        const log = softwareCheckpointSigner(createPrivateKey(home.logKeyPem), origin).vkey;
        return {
          home,
          origin,
          log,
          name: `witness.test/${name}`,
          port: await freePort(),
          vkey: cosigner(`witness.test/${name}`, key).vkey,
        };
      }),
    );
    const [one, two] = parts;
    if (one === undefined || two === undefined) throw new Error('there are two');
    for (const [mine, other] of [
      [one, two],
      [two, one],
    ] as const) {
      const { home, origin, name, port } = mine;
      const ask = [{ url: `http://127.0.0.1:${other.port}`, vkeys: [other.vkey] }];
      const audit = { ...Object(home.config.audit), origin, witnesses: { ask, without: 'withhold' } };
      const witness = {
        name,
        keys: ['witness.key'],
        logs: [other.log],
        directory: 'seen',
        listen: `127.0.0.1:${port}`,
      };
      home.write('countersign.yaml', stringify({ ...home.config, audit, witness }));
      home.write('policy', `log ${mine.log}\nwitness w ${other.vkey}\nquorum w\n`);
    }
    await using first = await InProcess.start(one.home);
    await using second = await InProcess.start(two.home);
    for (const running of [first, second]) {
      expect(await running.ask()).toMatchObject({ code: 0 });
      const checkpoint = () => parseCheckpoint(readFileSync(join(running.home.published, 'checkpoint'))).size;
      await vi.waitFor(() => expect(checkpoint()).toBe(running.records.length), patient);
      const verify = ['audit', 'verify', running.home.published, '--trust-policy', running.home.path('policy')];
      expect(await ours(...verify)).toMatchObject({ code: 0 });
    }
    await first.close();
    await second.close();
    for (const { home } of parts) home[Symbol.dispose]();
  });
});

describe('a start with witnesses', () => {
  it.each([
    ['a policy with an error, by its line', 'quorum none\nquorum none\n', 'line 2'],
    [
      'a policy of other logs',
      `log ${softwareCheckpointSigner(generateKeyPairSync('ed25519').privateKey, 'log.test/other').vkey}\nquorum none\n`,
      'and not ours',
    ],
    ['a quorum of those who cannot be asked', `witness w ${otherWitness}\nquorum w\n`, 'cannot be met'],
    ['a URL that is none', `witness w ${otherWitness} file:///w\nquorum w\n`, 'does not begin with https://'],
  ])('is refused with %s', async (_, policy, problem) => {
    using home = new TestHome({ config: quiet });
    home.write('policy', policy);
    const audit = { ...Object(home.config.audit), witnesses: { policy: 'policy' } };
    home.write('countersign.yaml', stringify({ ...home.config, audit }));
    await expect(InProcess.start(home)).rejects.toThrow(problem);
  });

  it('a policy file names whom to ask, and what is enough', async () => {
    using watched = new Watched();
    const witness = await watched.witness();
    watched.configure(witness);
    const audit = { ...Object(watched.home.config.audit), witnesses: { policy: 'policy', without: 'withhold' } };
    watched.home.write('countersign.yaml', stringify({ ...watched.home.config, audit }));
    await using running = await InProcess.start(watched.home);
    await vi.waitFor(() => expect(told(running)).toEqual([['success', { cosignedBy: ['w'] }]]), patient);
    await running.close();
    expect(watched.isCosigned).toBe(true);
    await witness.close();
  });
});
