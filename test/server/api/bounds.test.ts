import { once } from 'node:events';
import { Agent } from 'node:https';
import { connect, type TLSSocket } from 'node:tls';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { filesBelow, found, textCanary } from '../canaries.ts';
import { ApiServer } from './api-server.ts';

describe('a flood', () => {
  it('A-8: of those whom nobody knows is counted to the last one, and soon not even looked at', async () => {
    await using api = await ApiServer.start();
    const statuses: number[] = [];
    for (let round = 0; round < 4; round++)
      statuses.push(
        ...(await Promise.all(
          Array.from({ length: 20 }, async () => (await api.ask('/v1/me', { token: 'no.token.here' })).status),
        )),
      );
    expect(new Set(statuses)).toEqual(new Set([401, 429]));
    // who can prove it comes from the same address and has to wait as well
    await api.running.close();
    const counts = new Map<unknown, number>();
    for (const { reason, count } of api.looks) counts.set(reason, (counts.get(reason) ?? 0) + Number(count ?? 1));
    const of = (status: number) => statuses.filter((each) => each === status).length;
    expect(counts).toEqual(
      new Map([
        ['authn.failed', of(401)],
        ['rate.exceeded', of(429)],
      ]),
    );
    expect(api.looks.length).toBeLessThanOrEqual(4);
  });

  it('of one person is held to their pace, and is told when to come again; another is served', async () => {
    await using api = await ApiServer.start({ perSecond: 1 });
    const answers = await Promise.all(Array.from({ length: 6 }, () => api.as('viewer', '/v1/version')));
    const refused = answers.filter(({ status }) => status !== 200);
    expect(refused.length).toBeGreaterThanOrEqual(3);
    for (const { status, headers, json } of refused)
      expect({ status, headers, json }).toMatchObject({
        status: 429,
        headers: { 'retry-after': '1' },
        json: { code: 'rate.exceeded' },
      });
    expect((await api.as('auditor', '/v1/version')).status).toBe(200);
  });
});

describe('what strangers send', () => {
  let api: ApiServer;
  beforeAll(async () => {
    api = await ApiServer.start({ maxConnections: 4 });
  });
  afterAll(async () => api[Symbol.asyncDispose]());

  const connected = async (): Promise<TLSSocket> => {
    const socket = connect({ host: '127.0.0.1', port: api.port, ca: api.home.root.pem, servername: 'localhost' });
    socket.on('error', () => {});
    await once(socket, 'secureConnect');
    return socket;
  };

  it('too slowly ends by itself, and those behind it come in', async () => {
    const slow = await Promise.all([1, 2, 3, 4].map(connected));
    for (const socket of slow) socket.resume().write('GET /v1/me HTTP/1.1\r\nhost: localhost\r\nx-slow: ');
    await expect(api.as('viewer', '/v1/version')).rejects.toThrow();
    await Promise.all(slow.map((socket) => once(socket, 'close')));
    expect((await api.as('viewer', '/v1/version')).status).toBe(200);
  });

  it('that is no HTTP, or too much of it, is turned away', async () => {
    const said = async (octets: string) => {
      const socket = await connected();
      let answer = '';
      socket.on('data', (chunk) => {
        answer += String(chunk);
      });
      socket.write(octets);
      await once(socket, 'close');
      return answer.split('\r\n')[0];
    };
    expect(await said('rubbish\r\n\r\n')).toBe('HTTP/1.1 400 Bad Request');
    expect(await said(`GET / HTTP/1.1\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`)).toBe(
      'HTTP/1.1 431 Request Header Fields Too Large',
    );
  });

  it('as an address is an answer or a problem with what would be right, never a fault of ours', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const word = fc.stringMatching(/^[\x21-\x7e]{0,12}$/);
    const name = fc.constantFrom(
      'from',
      'to',
      'limit',
      'before',
      'identity',
      'serial',
      'since',
      'at',
      'proof',
      'name',
      '%ff',
      '__proto__',
    );
    const value = fc.oneof(
      word,
      fc.constantFrom('1', '-1', '1e3', '99999999999999999', 'true', '2h', 'ab', '%00', '%ff', ''),
    );
    const query = fc
      .array(fc.tuple(name, value), { maxLength: 4 })
      .map((pairs) => pairs.map((pair) => pair.join('=')).join('&'));
    const place = fc.constantFrom(
      'records',
      'certificates',
      'consistency',
      'questions/held',
      'questions/live',
      'questions/rate',
      'records/0',
      'records/%2e%2e',
      'me',
    );
    const path = fc.oneof(
      fc.tuple(place, query).map(([at, words]) => `/v1/${at}?${words}`),
      word.map((text) => `/v1/records/${text.replace(/#/g, '')}`),
      word.map((text) => `/${text.replace(/#/g, '')}`),
    );
    const token = api.token('auditor');
    await fc.assert(
      fc.asyncProperty(path, async (at) => {
        const { status, json } = await api.ask(at, { token, agent });
        expect([200, 400, 404]).toContain(status);
        if (status !== 200)
          expect(json).toMatchObject({
            status,
            detail: expect.stringMatching(/./),
            code: expect.stringMatching(/^request\./),
          });
      }),
      { numRuns: 200 },
    );
    agent.destroy();
  });

  it('A-5: a token comes out nowhere: not in the log, not in an answer, wherever it was put', async () => {
    const tokens = [
      api.token('auditor', { sub: 'careless' }),
      api.people.token('', '', { sub: 'CANARY', aud: 'other' }),
    ];
    const outputs: [string, Buffer][] = [];
    for (const token of tokens) {
      const asks = [
        ['/v1/me', { token }],
        [`/v1/questions/token?token=${token}`, { token: tokens[0] ?? '' }],
        [`/v1/records/${token}`, { token: tokens[0] ?? '' }],
        [`/v1/${token}`, { token }],
        [`/v1/me?${token}=1`, { token: tokens[0] ?? '' }],
        ['/v1/records/stream', { token, headers: { 'last-event-id': token } }],
        ['/v1/me', { headers: { traceparent: token, authorization: `Basic ${token}` } }],
      ] as const;
      for (const [at, ask] of asks) {
        const { body, headers } = await api.ask(at, ask);
        outputs.push([at.slice(0, 20), Buffer.from(body + JSON.stringify(headers))]);
      }
    }
    await api.running.close();
    const signatures = tokens.map((token) => textCanary('a token', token.split('.')[2] ?? ''));
    expect(found(signatures, [...outputs, ...filesBelow(api.home.directory)])).toEqual([]);
    expect(api.looks.some(({ message }) => String(message).includes('a token never belongs'))).toBe(true);
  });
});
