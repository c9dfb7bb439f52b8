import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AdminOptions, AdminServer } from '#doors/admin/admin-server.ts';
import { Health } from '#telemetry/health.ts';
import { Metrics } from '#telemetry/metrics.ts';

const clock = { now: () => Date.UTC(2026, 10, 21) };
const folder = mkdtempSync(join(tmpdir(), 'admin-'));
const published = join(folder, 'public');
const fullTile = Buffer.alloc(8192, 7);
const failures: unknown[] = [];
const health = new Health(clock);
const signer = health.register('signer');
const metrics = new Metrics({ clock, version: '1.2.3', process: false });
const parts: AdminOptions = {
  host: '127.0.0.1',
  port: 0,
  maxConnections: 16,
  metrics,
  health,
  published,
  version: { version: '1.2.3', node: process.versions.node },
  failed: (thrown) => failures.push(thrown),
};
let server: AdminServer;

beforeAll(async () => {
  mkdirSync(join(published, 'tile/0/000.p'), { recursive: true });
  mkdirSync(join(published, 'tile/1/000'), { recursive: true });
  writeFileSync(join(published, 'checkpoint'), 'log.example\n256\nAAAA\n\n— log.example AAAA\n');
  writeFileSync(join(published, 'tile/0/001'), fullTile);
  writeFileSync(join(published, 'tile/0/000.p/3'), Buffer.alloc(96, 1));
  writeFileSync(join(published, 'tile/0/002'), '');
  writeFileSync(join(folder, 'CANARY'), 'CANARY');
  writeFileSync(join(published, 'CANARY'), 'CANARY');
  server = await AdminServer.listen(parts);
});

afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: Buffer;
}

/** Sends the path as it is: `fetch` would tidy it up first. */
function ask(path: string, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { host: '127.0.0.1', port: server.address.port, path, method, agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
        );
      },
    );
    request.on('error', reject);
    request.end();
  });
}

/** Whole octets out, all octets back. */
function raw(text: string, port = server.address.port): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    let back = '';
    socket.setEncoding('latin1').on('data', (chunk) => {
      back += chunk;
    });
    socket.on('error', reject).on('close', () => resolve(back));
  });
}

describe('health', () => {
  it('flips from one answer to the next, as the parts speak', async () => {
    signer.fail('the token is gone');
    expect(await ask('/readyz')).toMatchObject({ status: 503, body: Buffer.from('signer: the token is gone\n') });
    signer.pass();
    expect(await ask('/readyz')).toMatchObject({ status: 200, body: Buffer.from('ok\n') });
    expect((await ask('/healthz')).status).toBe(200);
  });

  it('shows every check to who asks for them', async () => {
    signer.fail('the token is gone');
    const { status, headers, body } = await ask('/readyz?verbose');
    expect(status).toBe(503);
    expect(headers['content-type']).toBe('application/json');
    expect(JSON.parse(body.toString())).toEqual({
      ok: false,
      checks: [{ name: 'signer', ok: false, reason: 'the token is gone', since: clock.now() }],
    });
  });

  it('is never taken from a cache', async () => {
    expect((await ask('/readyz')).headers['cache-control']).toBe('no-store');
  });
});

describe('metrics and version', () => {
  it('come in the text format of Prometheus', async () => {
    const { headers, body } = await ask('/metrics');
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(body.toString()).toContain('countersign_build_info{version="1.2.3"');
  });

  it('are rendered once for all who ask at the same time, and health does not wait for them', async () => {
    let renderings = 0;
    let finish = (_text: string) => {};
    let begun = () => {};
    const asked = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const slow = await AdminServer.listen({
      ...parts,
      metrics: {
        contentType: 'text/plain',
        render: () => {
          renderings++;
          begun();
          return new Promise((resolve) => {
            finish = resolve;
          });
        },
      },
    });
    try {
      // two requests in one packet: both are under way when the first is
      const get = (more: string) => `GET /metrics HTTP/1.1\r\nhost: x\r\n${more}\r\n`;
      const both = raw(get('') + get('connection: close\r\n'), slow.address.port);
      await asked;
      expect((await fetch(`http://127.0.0.1:${slow.address.port}/healthz`)).status).toBe(200);
      finish('x 1\n');
      expect((await both).match(/x 1\n/g)).toHaveLength(2);
      expect(renderings).toBe(1);
    } finally {
      await slow.close();
    }
  });

  it('say what runs', async () => {
    expect(JSON.parse((await ask('/version')).body.toString())).toEqual({
      version: '1.2.3',
      node: process.versions.node,
    });
  });
});

describe('the published log', () => {
  it('gives the checkpoint as text that is asked for anew each time', async () => {
    const { status, headers, body } = await ask('/log/checkpoint');
    expect(status).toBe(200);
    expect(headers).toMatchObject({ 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-cache' });
    expect(body.toString()).toBe('log.example\n256\nAAAA\n\n— log.example AAAA\n');
  });

  it('gives a full tile as octets that never change', async () => {
    const { headers, body } = await ask('/log/tile/0/001');
    expect(headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'cache-control': 'public, max-age=31536000, immutable',
      'content-length': '8192',
      'x-content-type-options': 'nosniff',
    });
    expect(body.equals(fullTile)).toBe(true);
  });

  it('gives a partial tile for a while only, and an empty file as it is', async () => {
    expect((await ask('/log/tile/0/000.p/3')).headers['cache-control']).toBe('public, max-age=300');
    expect(await ask('/log/tile/0/002')).toMatchObject({ status: 200, body: Buffer.alloc(0) });
  });

  it('answers HEAD with the same header and no body', async () => {
    const { status, headers, body } = await ask('/log/tile/0/001', 'HEAD');
    expect({ status, length: headers['content-length'], body: body.length }).toEqual({
      status: 200,
      length: '8192',
      body: 0,
    });
  });

  it.each([
    '/log/tile/0/009',
    '/log/tile/7/000',
    '/log/tile/1/000',
    '/log/',
    '/log/CANARY',
    '/log/../CANARY',
    '/log/../../CANARY',
    '/log/tile/../CANARY',
    '/log/%2e%2e/CANARY',
    '/log/tile/0/..%2f..%2f..%2fCANARY',
    '/log//etc/passwd',
    '/log/tile/0/001/',
    '/log/tile/0/001%00',
    '/CANARY',
    '//log/checkpoint',
    'http://evil.example/log/checkpoint',
  ])('has nothing at %s', async (path) => {
    expect((await ask(path)).status).toBe(404);
  });

  it('never shows a file that is not of the log, whatever is asked for', async () => {
    const piece = fc.constantFrom(
      'log',
      'tile',
      '0',
      '000',
      '..',
      '.',
      '',
      '%2e%2e',
      '%2f',
      'CANARY',
      '%5c',
      'public',
      '..;',
      '?',
      '#',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 8 }), async (pieces) => {
        const { status, body } = await ask(`/${pieces.join('/')}`);
        expect(body.toString('latin1')).not.toContain('CANARY');
        expect([200, 404]).toContain(status);
      }),
      { numRuns: 150 },
    );
  });

  it('tells the asker nothing of a disk that fails, and the operator all', async () => {
    symlinkSync('005', join(published, 'tile/0/005'));
    const before = failures.length;
    const { status, body } = await ask('/log/tile/0/005');
    expect({ status, body: body.toString() }).toEqual({ status: 500, body: 'an internal error\n' });
    expect(failures.slice(before)).toMatchObject([{ code: 'ELOOP' }]);
  });
});

describe('what is not for reading', () => {
  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE'])('%s is refused by name', async (method) => {
    const { status, headers } = await ask('/log/checkpoint', method);
    expect({ status, allow: headers.allow }).toEqual({ status: 405, allow: 'GET, HEAD' });
  });

  it('a header larger than any client needs is refused', async () => {
    const answer = await raw(`GET /healthz HTTP/1.1\r\nhost: x\r\nx-big: ${'a'.repeat(20_000)}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
  });

  it('what is no HTTP is refused, and the door stands', async () => {
    expect(await raw('\x16\x03\x01\x02\x00 hello\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
    expect((await ask('/healthz')).status).toBe(200);
  });
});

it('an address that is taken is told by rejection', async () => {
  const again = AdminServer.listen({ ...parts, port: server.address.port });
  await expect(again).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

it('closing lets no connection keep the door open', async () => {
  const short = await AdminServer.listen(parts);
  const socket = connect(short.address.port, '127.0.0.1');
  // cut off, as it should be
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.write('GET /healthz HTTP/1.1\r\n');
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await short.close(50);
  await closed;
});
