import { getEventListeners } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ApiError, type ApiRequest, type KubernetesApi } from '#kubernetes/api.ts';
import { type ConnectOptions, connect } from '#kubernetes/connect.ts';
import { inCluster } from '#kubernetes/in-cluster.ts';
import { answerJson, FakeApiServer, testCertificate } from './fake-api-server.ts';
import { FakePace, until } from './fake-pace.ts';

const pods: ApiRequest = { method: 'GET', path: '/api/v1/pods' };
const review: ApiRequest = { method: 'POST', path: '/apis/authentication.k8s.io/v1/tokenreviews', body: {} };

let server: FakeApiServer;
const open: KubernetesApi[] = [];

beforeEach(async () => {
  server = await FakeApiServer.start();
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((api) => api.close()));
  await server.close();
});

function client(options: ConnectOptions = {}): KubernetesApi {
  const api = connect(server.cluster, options);
  open.push(api);
  return api;
}

async function refusal(promise: Promise<unknown>): Promise<ApiError> {
  const thrown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof ApiError) return thrown;
  throw new Error('no ApiError', { cause: thrown });
}

async function linesOf(api: KubernetesApi, request: ApiRequest = pods) {
  const lines = [];
  for await (const line of api.lines(request)) lines.push(line);
  return lines;
}

describe('a call', () => {
  it('K-76: a thousand in sequence use one connection', async () => {
    const api = client();
    for (let i = 0; i < 1000; i++) await api.ask(pods);
    expect(server.connections).toBe(1);
  });

  it('opens no more connections than it may, however many calls there are at once', async () => {
    const api = client({ maxConnections: 3 });
    await Promise.all(Array.from({ length: 60 }, () => api.ask(pods)));
    expect(server.connections).toBeLessThanOrEqual(3);
  });

  it('is refused at once where too many are under way', async () => {
    const api = client({ maxCalls: 2 });
    const held: (() => void)[] = [];
    for (let i = 0; i < 2; i++) server.next((_, response) => held.push(() => response.end('{}')));
    const slow = [api.ask(pods), api.ask(pods)];
    expect(await refusal(api.ask(pods))).toMatchObject({
      status: 0,
      message: expect.stringContaining('more than 2 calls'),
    });
    await until(() => held.length === 2);
    for (const release of held) release();
    await Promise.all(slow);
  });

  it('sends query, body, its type and the token', async () => {
    await client().ask({
      method: 'PATCH',
      path: '/api/v1/namespaces/a/configmaps/b',
      query: { fieldManager: 'us', force: 'true' },
      body: { data: { x: 'y' } },
      contentType: 'application/apply-patch+yaml',
    });
    const [seen] = server.seen;
    expect(seen).toMatchObject({
      method: 'PATCH',
      authorization: 'Bearer the-token',
      contentType: 'application/apply-patch+yaml',
      body: '{"data":{"x":"y"}}',
    });
    expect(`${seen?.url.pathname}${seen?.url.search}`).toBe(
      '/api/v1/namespaces/a/configmaps/b?fieldManager=us&force=true',
    );
  });

  it('keeps the prefix of a server that has one', async () => {
    const api = connect({ ...server.cluster, server: `${server.address}/k8s/clusters/c-1` });
    open.push(api);
    await api.ask(pods);
    expect(server.seen[0]?.url.pathname).toBe('/k8s/clusters/c-1/api/v1/pods');
  });

  it.each([
    '/api/v1/namespaces/../secrets',
    '/api/v1/namespaces/%2E%2e/x',
    '/a/.',
    'api',
    '/a?b',
    '/a b',
    '/a\\b',
    '/a#b',
  ])('never sends the path %s', async (path) => {
    expect(await refusal(client().ask({ method: 'GET', path }))).toMatchObject({ status: 0 });
    expect(server.seen).toEqual([]);
  });

  it.each([
    [404, { reason: 'NotFound', message: 'pods "x" not found' }, {}, { reason: 'NotFound', retryAfterMs: undefined }],
    [429, { reason: 'TooManyRequests' }, { 'retry-after': '7' }, { reason: 'TooManyRequests', retryAfterMs: 7000 }],
    [503, {}, { 'retry-after': 'Sat, 21 Nov 2026 15:01:00 GMT' }, { reason: '', retryAfterMs: 60_000 }],
    [500, { details: { retryAfterSeconds: 2 } }, {}, { retryAfterMs: 2000 }],
    [302, {}, { location: 'https://elsewhere.test/' }, {}],
    [503, {}, { 'retry-after': 'soon' }, { retryAfterMs: undefined }],
  ])('answered %i gives an ApiError with what the server said', async (status, body, headers, facts) => {
    const pace = new FakePace();
    server.next(answerJson(status, body, headers));
    expect(await refusal(client({ pace }).ask(pods))).toMatchObject({ status, ...facts });
  });

  it('answered in HTML by a proxy gives an ApiError with the status alone', async () => {
    server.next((_, response) => response.writeHead(502).end('<html>bad gateway</html>'));
    expect(await refusal(client().ask(pods))).toMatchObject({
      status: 502,
      reason: '',
      message: 'GET /api/v1/pods: 502',
    });
  });

  it.each(['', 'nonsense the-token', '[]', '"text"', '{"a":1', 'null'])(
    'answered 200 with %j is no answer, and the error does not quote it',
    async (text) => {
      server.next((_, response) => response.end(text));
      const error = await refusal(client().ask(pods));
      expect(error).toMatchObject({ status: 0, message: expect.stringMatching(/no JSON( object)?$/) });
    },
  );

  it('never shows the token, also where the server quotes it', async () => {
    server.next(answerJson(403, { reason: 'Forbidden', message: 'token the-token is not yours' }));
    const error = await refusal(client().ask(pods));
    expect(error.message).toBe('GET /api/v1/pods: 403 Forbidden token [token] is not yours');
    expect(JSON.stringify([error.stack, error.reason, String(error.cause)])).not.toContain('the-token');
  });

  it('shows no part of the token where what the server says is cut, nor a reason that is none', async () => {
    server.next(answerJson(500, { reason: 'the-token', message: `${'x'.repeat(500)}the-token` }));
    const error = await refusal(client().ask(pods));
    expect(error.reason).toBe('');
    expect(error.message.length).toBeLessThan(600);
    expect(error.message).not.toContain('the-');
  });

  it('is bounded in the size of its answer', async () => {
    server.next((_, response) => response.end(JSON.stringify({ x: 'y'.repeat(3000) })));
    expect(await refusal(client({ maxAnswerLength: 2000 }).ask(pods))).toMatchObject({
      status: 0,
      message: 'GET /api/v1/pods: the answer is larger than 2000 bytes',
    });
  });

  it.each([
    ['no answer', () => {}],
    ['half an answer', (_: unknown, response: { write(text: string): void }) => response.write('{"a":')],
  ])('is bounded in time where the server gives %s', async (_, answer) => {
    const pace = new FakePace();
    server.next(answer);
    const failed = refusal(client({ pace }).ask({ ...pods, timeoutMs: 700 }));
    await until(() => server.seen.length === 1);
    await pace.pass(700);
    expect(await failed).toMatchObject({ status: 0, message: 'GET /api/v1/pods: no whole answer within 700 ms' });
  });

  it('ends when its caller ends it, and when the client is closed', async () => {
    const [api, caller] = [client(), new AbortController()];
    server.next(() => caller.abort());
    expect(await refusal(api.ask({ ...pods, signal: caller.signal }))).toMatchObject({ status: 0 });
    server.next(() => void api.close());
    expect((await refusal(api.ask(pods))).message).toContain('the client was closed');
    expect((await refusal(api.ask(pods))).message).toContain('the client was closed');
    expect((await refusal(linesOf(api))).message).toContain('the client was closed');
  });

  it('leaves nothing behind at the signal of its caller', async () => {
    const [api, { signal }] = [client(), new AbortController()];
    await api.ask({ ...pods, signal });
    server.next(answerJson(500, {}));
    await refusal(api.ask({ ...pods, signal }));
    server.next((_, response) => response.end('{"a":1}\n'));
    await linesOf(api, { ...pods, signal });
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('cut by the server gives an ApiError of status 0', async () => {
    server.next((_, response) => response.destroy());
    expect(await refusal(client().ask(pods))).toMatchObject({ status: 0 });
  });

  it('to a server that is not there gives an ApiError of status 0', async () => {
    const { cluster } = server;
    await server.close();
    expect(await refusal(connect(cluster).ask(pods))).toMatchObject({
      status: 0,
      message: expect.stringContaining('ECONNREFUSED'),
    });
    server = await FakeApiServer.start();
  });

  it('is not made where the certificate of the server is not vouched for', async () => {
    const stranger = connect({ ...server.cluster, ca: { inline: testCertificate(true).cert } });
    open.push(stranger);
    expect(await refusal(stranger.ask(pods))).toMatchObject({ status: 0 });
    expect(server.seen).toEqual([]);
  });

  it('is made where the name in the certificate is the one that was told', async () => {
    for (const [tlsServerName, requests] of [
      ['elsewhere.test', 0],
      ['kubernetes.default.svc', 1],
    ] as const) {
      const api = connect({ ...server.cluster, tlsServerName });
      open.push(api);
      await api.ask(pods).catch(() => {});
      expect(server.seen.length).toBe(requests);
    }
  });

  describe('on a connection that the server closes at that moment', () => {
    it.each([
      ['a GET', pods, 'works'],
      ['a TokenReview said to be repeatable', { ...review, repeatable: true }, 'works'],
      ['a POST that is not', review, 'fails'],
    ] as const)('%s %s', async (_, request, outcome) => {
      const api = client();
      await api.ask(pods);
      server.next((_seen, response) => response.socket?.destroy());
      if (outcome === 'works') await api.ask(request);
      else expect(await refusal(api.ask(request))).toMatchObject({ status: 0 });
      expect(server.seen.length).toBe(outcome === 'works' ? 3 : 2);
    });
  });
});

describe('lines', () => {
  const say = (...chunks: string[]) =>
    server.next((_, response) => {
      for (const chunk of chunks) response.write(chunk);
      response.end();
    });

  it('come one by one, wherever the answer is cut into chunks', async () => {
    say('{"a":1}\n{"b"', ':"ä"}\n\n{"c":', '3}\n');
    expect(await linesOf(client())).toEqual([{ a: 1 }, { b: 'ä' }, { c: 3 }]);
  });

  it('that end within a line are an error, after the whole ones', async () => {
    say('{"a":1}\n{"b":');
    const lines = client().lines(pods)[Symbol.asyncIterator]();
    expect((await lines.next()).value).toEqual({ a: 1 });
    expect(await refusal(lines.next())).toMatchObject({
      status: 0,
      message: 'GET /api/v1/pods: the answer ends within a line',
    });
  });

  it('are bounded in length', async () => {
    say(`{"a":"${'x'.repeat(500)}"}\n`);
    expect((await refusal(linesOf(client({ maxLineLength: 400 })))).message).toContain(
      'a line is longer than 400 bytes',
    );
  });

  it('reject with what the server said no with', async () => {
    server.next(answerJson(410, { reason: 'Expired' }));
    expect(await refusal(linesOf(client()))).toMatchObject({ status: 410, reason: 'Expired' });
  });

  it('have no deadline once the answer has begun, and one before', async () => {
    const pace = new FakePace();
    const api = client({ pace });
    const first = api.lines(pods)[Symbol.asyncIterator]();
    server.next((_, response) => response.write('{"a":1}\n'));
    expect((await first.next()).value).toEqual({ a: 1 });
    expect(pace.waits).toEqual([]);
    server.next(() => {});
    const second = refusal(linesOf(api));
    await pace.pass(10_000);
    expect((await second).message).toContain('no whole answer');
  });

  it('that nobody reads any more let go of their connection', async () => {
    const api = client();
    server.next((_, response) => response.write('{"a":1}\n'));
    for await (const _ of api.lines(pods)) break;
    await until(() => server.sockets.size === 0);
    expect(server.sockets.size).toBe(0);
  });

  it('are not read faster than their reader takes them', async () => {
    const line = `{"a":"${'x'.repeat(100_000)}"}\n`;
    const many = 1000;
    let written = 0;
    server.next((_, response) => {
      const more = () => {
        while (written < many) {
          written += 1;
          if (!response.write(line)) break;
        }
        if (written === many) response.end();
      };
      response.on('drain', more);
      more();
    });
    const lines = client().lines(pods)[Symbol.asyncIterator]();
    await lines.next();
    let before = -1;
    for (let calm = 0; calm < 500; calm = written === before ? calm + 1 : 0) {
      before = written;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(written).toBeLessThan(many / 2);
    let rest = 1;
    while ((await lines.next()).done !== true) rest += 1;
    expect(rest).toBe(many);
  });
});

describe('in a cluster', () => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-sa-'));
  const write = (token: string, ca = server.ca) => {
    writeFileSync(join(folder, 'token'), `${token}\n`);
    writeFileSync(join(folder, 'ca.crt'), ca);
  };
  const here = () => {
    const { hostname, port } = new URL(server.address);
    return inCluster({ KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port }, folder);
  };
  const podClient = (pace: FakePace) => {
    const api = connect(here(), { pace });
    open.push(api);
    return api;
  };
  const tokens = () => server.seen.map(({ authorization }) => authorization.replace('Bearer ', ''));

  it('the token is read again after a minute, and not before', async () => {
    const pace = new FakePace();
    const api = podClient(pace);
    write('one');
    await api.ask(pods);
    write('two');
    pace.advance(59_999);
    await api.ask(pods);
    pace.advance(1);
    await api.ask(pods);
    expect(tokens()).toEqual(['one', 'one', 'two']);
  });

  it('a 401 has the token read at once, and the call made again', async () => {
    const pace = new FakePace();
    const api = podClient(pace);
    write('one');
    await api.ask(pods);
    write('two');
    pace.advance(2000);
    server.next(answerJson(401, { reason: 'Unauthorized' }));
    await api.ask({ ...review, repeatable: false });
    expect(tokens()).toEqual(['one', 'one', 'two']);
  });

  it('a 401 with the same token stays one, and costs one look at the file in a second', async () => {
    const pace = new FakePace();
    const api = podClient(pace);
    write('one');
    for (let i = 0; i < 3; i++) {
      server.next(answerJson(401, { reason: 'Unauthorized' }));
      expect(await refusal(api.ask(pods))).toMatchObject({ status: 401, reason: 'Unauthorized' });
    }
    expect(tokens()).toEqual(['one', 'one', 'one']);
  });

  it('a new CA is trusted as soon as the old one no longer fits', async () => {
    const pace = new FakePace();
    const api = podClient(pace);
    write('one');
    await api.ask(pods);
    const next = testCertificate(true);
    server.trust(next);
    server.cut();
    write('one', next.cert);
    pace.advance(2000);
    await api.ask(pods);
    expect(tokens()).toEqual(['one', 'one']);
  });

  it('files that are gone for a moment change nothing', async () => {
    const pace = new FakePace();
    const api = podClient(pace);
    write('one');
    await api.ask(pods);
    writeFileSync(join(folder, 'token'), '');
    pace.advance(60_000);
    await api.ask(pods);
    expect(tokens()).toEqual(['one', 'one']);
  });

  it.each([
    [
      'no token file',
      () => ({ token: { file: join(folder, 'none') } }),
      /the token file .*none cannot be read: ENOENT/,
    ],
    ['a token that no header may hold', () => ({ token: { inline: 'secret\u0000secret' } }), /what no HTTP header may/],
    ['a folder for a file', () => ({ ca: { file: folder } }), /cannot be read: not a regular file/],
    [
      'a CA that is none',
      () => ({ ca: { inline: '-----BEGIN CERTIFICATE-----\nsecret' } }),
      /is not PEM, or they do not match/,
    ],
  ])('%s is said, without a secret', async (_, change, words) => {
    const api = connect({ ...server.cluster, ...change() });
    const error = await refusal(api.ask(pods));
    expect(error.message).toMatch(words);
    expect(error.message).not.toContain('secret');
  });

  it.each([
    {},
    { KUBERNETES_SERVICE_HOST: '10.0.0.1' },
    { KUBERNETES_SERVICE_HOST: 'a b', KUBERNETES_SERVICE_PORT: '1' },
  ])('is not where the environment is %j', (environment) => {
    expect(() => inCluster(environment)).toThrow(/KUBERNETES_SERVICE_HOST/);
  });

  it('an IPv6 address is put in brackets', () => {
    expect(inCluster({ KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' }).server).toBe(
      'https://[fd00::1]:443',
    );
  });
});
