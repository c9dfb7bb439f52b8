import { createPrivateKey, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import { formatNames } from '#export/format-names.ts';
import { cursorFile, readCursor } from '#sinks/file-cursors.ts';
import { softhsmSetting } from '#test/bench/setting.ts';
import { here } from '#test/cli/run-here.ts';
import { describeWith } from '#test/oracles.ts';
import { Agent, type Answer } from '#test/support/agent.ts';
import { TestHome } from '#test/support/home.ts';
import { recordsOf } from '#test/support/records.ts';
import { newRequest, p256Request } from '#test/support/requests.ts';
import { NotStarted, ServerProcess } from '#test/support/server-process.ts';
import { buildCsr, challengePassword, extensionRequest, id, san, uri } from '#test/x509/csr/build.ts';
import { tag } from '#x509/der/tags.ts';
import { text } from '#x509/der/writer.ts';
import { toPem } from '#x509/pem.ts';
import { type Canary, filesBelow, found, keyCanary, type Output, textCanary } from './canaries.ts';
import { Collector } from './collector.ts';
import { EchoingSinks } from './echoing-sinks.ts';

const secret = (name: string) => `canary-${name}-${randomBytes(12).toString('base64url')}`;

describeWith(['softhsm'], 'secrets in every input of a server with an HSM', () => {
  const canaries: Canary[] = [];
  const outputs: Output[] = [];
  const answers: Answer[] = [];
  /** A secret that is looked for afterwards. */
  const canary = (name: string): string => {
    const made = secret(name);
    canaries.push(textCanary(name, made));
    return made;
  };
  let setting: Exclude<Awaited<ReturnType<typeof softhsmSetting>>, undefined>;

  beforeAll(async () => {
    const made = await softhsmSetting();
    if (made === undefined) throw new Error('SoftHSM was there a moment ago');
    setting = made;
    const { home } = setting;
    await using sinks = await EchoingSinks.listen();
    const { collector, env } = await withSecrets(sinks);
    await using _ = collector;
    const written = ['bash', '-c', 'exec "$0" "$@" > "$OUT"'];
    await using server = await ServerProcess.start(home, { wrapper: written, env: { ...env, OUT: home.path('out') } });
    await askAtIstioDoor(server);
    await askAtAdminDoor(server);
    await broughtTo(sinks, server);
    const { code } = await server.stop();
    expect(code).toBe(0);
    outputs.push(['standard error', Buffer.from(server.stderr)]);
    outputs.push(['standard output', readFileSync(home.path('out'))]);
    outputs.push(...filesBelow(home.path('siem')));
    await testSinks(sinks);
    outputs.push(...sinks.outputs);
    outputs.push(...collector.bodies.map((body, n): Output => [`trace export ${n}`, body]));
    outputs.push(...filesBelow(home.path('audit')).filter(([name]) => name !== 'log.key' && name !== 'log.lock'));
    await exportAll();
    outputs.push(['error answers', Buffer.from(JSON.stringify(answers))]);
    outputs.push(['records', Buffer.from(JSON.stringify(recordsOf(home)))]);
  }, 120_000);
  afterAll(() => setting.remove());

  /** Until sinks have what there was when this was asked, and those that refuse have been heard. */
  async function broughtTo(sinks: EchoingSinks, server: ServerProcess): Promise<void> {
    const { home } = setting;
    const wanted = recordsOf(home).length;
    for (const sink of sinks.complete)
      await vi.waitUntil(
        async () => ((await readCursor(cursorFile(home.path('audit/exports'), sink)))?.next ?? 0) >= wanted,
        {
          timeout: 20_000,
          interval: 50,
        },
      );
    for (const sink of ['splunk', 'basic', 'otlp-proto', 'lake'])
      await server.said(new RegExp(`"sink":"${sink}".*${EchoingSinks.words}`));
    await vi.waitUntil(() => recordsOf(home).some(({ reason }) => reason === 'export.refused'), { timeout: 20_000 });
  }

  async function testSinks(sinks: EchoingSinks): Promise<void> {
    const { directory } = setting.home;
    for (const words of [...sinks.echoing.map((name) => ['test', name]), ['status']]) {
      const { stdout, stderr } = await here(['export', ...words, '--home', directory]);
      outputs.push([`export ${words.join(' ')}`, Buffer.from(stdout + stderr)]);
    }
  }

  /** The log in every format that there is. */
  async function exportAll(): Promise<void> {
    const { directory } = setting.home;
    const exports = join(directory, 'exports');
    mkdirSync(exports);
    for (const format of formatNames) {
      const words = ['--format', format, '--home', directory, '-o', join(exports, format)];
      expect((await here(['audit', 'export', ...words])).stderr).toBe('');
    }
    outputs.push(...filesBelow(exports).filter(([name]) => !name.endsWith('.hashes')));
  }

  /** A configuration with a passphrase from the environment, a PIN from a file, traces, and logs at debug. */
  async function withSecrets(sinks: EchoingSinks) {
    const { home } = setting;
    const passphrase = canary('passphrase');
    const encrypted = createPrivateKey(home.logKeyPem).export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase,
    });
    home.write('audit/log.key', encrypted.toString(), 0o600);
    const collector = await Collector.listen();
    const config = parse(readFileSync(home.path('countersign.yaml'), 'utf8'));
    config.audit.key.file.passphrase = { env: 'LOG_PASSPHRASE' };
    config.telemetry = {
      logs: { level: 'debug', format: 'json' },
      tracing: { otlp: { endpoint: `${collector.endpoint}?key=${canary('collector-key')}` }, sampleRatio: 1 },
    };
    config.exports = sinks.configured(home, canary);
    canaries.push(keyCanary('TLS key', sinks.clientKeyPem));
    home.write('countersign.yaml', stringify(config));
    const pinFile = String(config.issuers[0].key.pkcs11.pin.file);
    canaries.push(textCanary('PIN', readFileSync(pinFile, 'utf8').trim()), keyCanary('log key', home.logKeyPem));
    const proxy = `http://shipper:${canary('proxy')}@127.0.0.1:9`;
    const env = {
      ...setting.env,
      LOG_PASSPHRASE: passphrase,
      OF_NO_CONCERN: canary('environment'),
      HTTP_PROXY: proxy,
      HTTPS_PROXY: proxy,
    };
    return { collector, env };
  }

  async function askAtIstioDoor(server: ServerProcess): Promise<void> {
    const { home } = setting;
    const token = (claims = {}) => {
      const made = home.tokens.token('demo', 'web', { private: canary('claim'), ...claims });
      const [header = '', payload = '', signature = ''] = made.split('.');
      canaries.push(textCanary('token', made), textCanary('payload', payload), textCanary('signature', signature));
      expect(header).not.toBe('');
      return made;
    };
    const own = await newRequest();
    canaries.push(keyCanary('workload key', own.keyPem));
    using agent = await Agent.connect({ port: server.istio.port, roots: home.root.pem });
    const ask = async (...asked: Parameters<Agent['call']>) => void answers.push(await agent.call(...asked));

    await ask({ csr: own.csr, token: token() });
    await ask({ csr: withPassword(canary('challengePassword')), token: token() });
    await ask({ csr: withPassword(canary('challengePassword of nobody')) });
    await ask({ csr: own.keyPem, token: token() });
    await ask({ csr: `${own.csr}${own.keyPem}`, token: token() });
    await ask({ csr: own.csr, token: token({ exp: 1 }) });
    await ask({ csr: own.csr, token: token({ iss: 'https://elsewhere.test' }) });
    await ask({ csr: own.csr, token: token({ aud: ['other'] }) });
    await ask({ csr: own.csr, token: `${token()}x` });
    await ask({ csr: own.csr, token: canary('no token') });
    await ask({ csr: own.csr, token: `${canary('header')}.${canary('payload')}.${canary('signature')}` });
    const headers = { authorization: `Basic ${canary('basic')}`, 'x-secret': canary('x'), cookie: canary('cookie') };
    await ask({ csr: own.csr, headers });
    await ask({ csr: own.csr, headers: { clusterid: 'Kubernetes', traceparent: canary('traceparent') } });
    await ask({ raw: Buffer.concat([Buffer.of(0x0a, 0x7f), Buffer.from(canary('message'))]) });
    await ask({ csr: own.csr, token: token(), headers: { 'grpc-timeout': canary('timeout') } });
  }

  async function askAtAdminDoor(server: ServerProcess): Promise<void> {
    for (const path of ['/', '/metrics', '/healthz', '/readyz', '/version', '/log/checkpoint', '/log/none', '/none']) {
      const answer = await get(server, `${path}?token=${canary('query')}`, {
        authorization: `Bearer ${canary('admin token')}`,
        cookie: canary('admin cookie'),
      });
      outputs.push([`admin door ${path}`, answer]);
    }
    outputs.push(['admin door, secret path', await get(server, `/log/${canary('path')}`, {})]);
  }

  it('A-5: the server did what it was asked for: certificates, and refusals of every stage', () => {
    expect(answers[0]).toMatchObject({ code: 0 });
    expect(new Set(answers.map(({ code }) => code))).toEqual(new Set([0, 3, 16]));
    const reasons = new Set(recordsOf(setting.home).map(({ reason }) => reason));
    for (const reason of ['authn.failed', 'csr.pem', 'request.malformed']) expect(reasons).toContain(reason);
  });

  it('A-5: there are outputs of every kind, and a secret in them would be found', () => {
    const names = outputs.map(([name]) => name);
    const kinds = [
      'standard error',
      'trace export 0',
      'log.db',
      'log/checkpoint',
      'admin door /metrics',
      ...formatNames,
      'standard output',
      'exports/elastic.dead.jsonl',
      'exports/otlp.dead.jsonl',
      'sent over syslog',
      'sent to /splunk/services/collector/event',
      'export test splunk',
      'export status',
    ];
    expect(names).toEqual(expect.arrayContaining(kinds));
    expect(names.some((name) => name.startsWith('log/tile/entries/'))).toBe(true);
    for (const [name, bytes] of outputs) expect({ name, empty: bytes.length === 0 }).toEqual({ name, empty: false });
    expect(canaries.length).toBeGreaterThan(50);
    for (const { what, forms } of canaries) {
      const planted = forms.map((form): Output => ['planted', Buffer.concat([Buffer.from('"'), form])]);
      expect(found(canaries, planted)).toContain(`${what} in planted`);
    }
    const whole: Output = ['planted', Buffer.from(`xy${setting.home.logKeyPem}`)];
    expect(found(canaries, [whole])).toEqual(['log key in planted']);
  });

  it('A-5: what a sink says is told, also where it says our secret back', () => {
    const told = ['standard error', 'records', 'exports/elastic.dead.jsonl', 'exports/otlp.dead.jsonl'];
    const tested = ['splunk', 'basic', 'otlp-proto', 'lake'].map((name) => `export test ${name}`);
    for (const name of [...told, ...tested]) {
      const [, bytes = Buffer.of()] = outputs.find((each) => each[0] === name) ?? [];
      expect(bytes.toString()).toMatch(/I was sent [^"]*\[secret\]/);
    }
  });

  it('A-5: none of them comes out anywhere', () => {
    expect(found(canaries, outputs)).toEqual([]);
  });

  it('A-5: nor does the PIN or passphrase with which a server does not start', async () => {
    const { home, env } = setting;
    const file = home.path('countersign.yaml');
    const good = readFileSync(file, 'utf8');
    const wrong = canary('wrong passphrase');
    const said = async (text: string, more: Record<string, string>) => {
      home.write('countersign.yaml', text);
      const failure = await ServerProcess.start(home, { env: { ...env, ...more } }).catch((thrown: unknown) => thrown);
      if (!(failure instanceof NotStarted)) throw new Error('it started');
      expect(failure.stderr).not.toBe('');
      return failure.stderr;
    };
    const pin = canary('wrong PIN');
    home.write('wrong-pin', pin, 0o600);
    const inline = parse(good);
    inline.audit.key.file.passphrase = canary('inline passphrase');
    const wrongPin = parse(good);
    wrongPin.issuers[0].key.pkcs11.pin.file = join(home.directory, 'wrong-pin');
    const inPlace = parse(good);
    inPlace.issuers[0].key.pkcs11.pin = canary('inline PIN');
    const failures = [
      await said(good, { LOG_PASSPHRASE: wrong }),
      await said(stringify(inline), {}),
      await said(stringify(inPlace), {}),
      await said(stringify(wrongPin), { LOG_PASSPHRASE: wrong }),
    ];
    home.write('countersign.yaml', good);
    const asOutput = failures.map((stderr, n): Output => [`failure ${n}`, Buffer.from(stderr)]);
    expect(found(canaries, asOutput)).toEqual([]);
  });
});

function withPassword(password: string): string {
  const attributes = [challengePassword(text(tag.utf8String, password)), extensionRequest([san(uri(id))])];
  return toPem('CERTIFICATE REQUEST', buildCsr({ attributes }));
}

function get(server: ServerProcess, path: string, headers: Record<string, string>): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ ...server.admin, path, headers }, (response) => {
      const chunks: Buffer[] = [Buffer.from(JSON.stringify(response.headers))];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve(Buffer.concat(chunks)));
    });
    request.on('error', reject);
    request.end();
  });
}

describe('a private key that stands in a file that is none', () => {
  it('A-5: a workload key in the place of a policy is not in the message', async () => {
    using home = new TestHome({ policies: ['broken.yaml'] });
    const { keyPem } = p256Request();
    home.write('broken.yaml', `apiVersion: ${keyPem}`);
    const failure = await ServerProcess.start(home).catch((thrown: unknown) => thrown);
    if (!(failure instanceof NotStarted)) throw new Error('it started');
    expect(found([keyCanary('workload key', keyPem)], [['stderr', Buffer.from(failure.stderr)]])).toEqual([]);
  });
});
