import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HttpListener } from '#doors/http/listener.ts';
import type { OcspAnswer, PublishedBundle } from '#doors/revocation/ports.ts';
import { longestRequest } from '#doors/revocation/routes.ts';
import { listenForStatus } from '#doors/revocation/status-server.ts';

const now = Date.parse('2026-11-22T12:00:00Z');
const seconds = now / 1000;
const keyId = 'ab'.repeat(20);
const crl = { der: Buffer.from('a CRL'), thisUpdate: seconds - 300, nextUpdate: seconds + 100 };

const bundle: { current?: PublishedBundle } = {};

/** What the responder was asked, and what it says. */
const asked: string[] = [];
const answers: Record<string, OcspAnswer> = {
  kept: {
    der: Buffer.from('good'),
    keep: { producedAt: seconds - 60, renewedAt: seconds + 1_740, nextUpdate: seconds + 3_540 },
  },
  stale: {
    der: Buffer.from('good'),
    keep: { producedAt: seconds - 9_000, renewedAt: seconds - 7_000, nextUpdate: seconds - 5_000 },
  },
};

describe('the door of revocation', () => {
  let listener: HttpListener;
  beforeAll(async () => {
    listener = await listenForStatus({
      host: '127.0.0.1',
      port: 0,
      maxConnections: 16,
      now: () => now,
      failed: () => undefined,
      views: {
        crl: (id) => (id === keyId ? crl : undefined),
        bundle: () => bundle.current,
        certificate: (id) => (id === keyId ? Buffer.from('a certificate') : undefined),
        ocsp: async (request) => {
          const text = Buffer.from(request).toString('latin1');
          asked.push(text);
          return answers[text] ?? { der: Buffer.from('an error') };
        },
      },
    });
  });
  afterAll(() => listener.close());

  const get = (path: string, init: RequestInit = {}) => fetch(`http://127.0.0.1:${listener.address.port}${path}`, init);
  const post = (body: string | Uint8Array<ArrayBuffer>, type = 'application/ocsp-request') =>
    get('/ocsp', { method: 'POST', body, headers: { 'content-type': type } });

  it('RFC 5280 §4.2.1.13: hands out a CRL as DER, to be kept for no longer than it is good', async () => {
    const answer = await get(`/crl/${keyId}.crl`);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/pkix-crl']);
    expect(answer.headers.get('cache-control')).toBe('public, max-age=100');
    expect(answer.headers.get('last-modified')).toBe('Sun, 22 Nov 2026 11:55:00 GMT');
    expect(await answer.text()).toBe('a CRL');
    const tag = answer.headers.get('etag') ?? '';
    const again = await get(`/crl/${keyId}.crl`, { headers: { 'if-none-match': tag } });
    expect([again.status, await again.text()]).toEqual([304, '']);
  });

  it('hands out the bundle of all CRLs as PEM, and nothing in its place while one is missing', async () => {
    expect((await get('/crl/bundle.pem')).status).toBe(404);
    bundle.current = { pem: 'two CRLs', thisUpdate: seconds - 300, nextUpdate: seconds + 100 };
    const answer = await get('/crl/bundle.pem');
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/x-pem-file']);
    expect(answer.headers.get('cache-control')).toBe('public, max-age=100');
    expect(await answer.text()).toBe('two CRLs');
  });

  it('hands out the certificate of an issuer', async () => {
    const answer = await get(`/ca/${keyId}.cer`);
    expect([answer.headers.get('content-type'), await answer.text()]).toEqual([
      'application/pkix-cert',
      'a certificate',
    ]);
  });

  const nowhere = [
    `/crl/${'cd'.repeat(20)}.crl`,
    `/crl/${keyId.toUpperCase()}.crl`,
    `/crl/${keyId}.cer`,
    `/ca/${keyId}.crl`,
    '/crl/../../etc/passwd.crl',
    '/crl/%2e%2e%2fkey.crl',
    '/metrics',
    '/ocspx',
  ];
  it.each(nowhere)('has nothing at %s', async (path) => {
    expect((await get(path)).status).toBe(404);
  });

  it('RFC 6960 appendix A: answers by POST, and by GET in every way that base64 is put into a URL', async () => {
    expect(await (await post('kept')).text()).toBe('good');
    const octets = Buffer.from([0xfb, 0xff, 0xfe, 0x3f, 0xff]);
    asked.length = 0;
    const base64 = octets.toString('base64');
    expect(base64).toMatch(/\+.*\/|\/.*\+/);
    for (const form of [base64, encodeURIComponent(base64), base64.replace(/=/g, '')]) await get(`/ocsp/${form}`);
    expect(asked).toEqual(Array(3).fill(octets.toString('latin1')));
  });

  it('RFC 5019 §6.2: says how long an answer may be kept, and never past its end', async () => {
    const kept = await get(`/ocsp/${Buffer.from('kept').toString('base64')}`);
    expect(kept.headers.get('content-type')).toBe('application/ocsp-response');
    expect(kept.headers.get('cache-control')).toBe('max-age=1740, public, no-transform, must-revalidate');
    expect(kept.headers.get('expires')).toBe(new Date((seconds + 3_540) * 1000).toUTCString());
    expect(kept.headers.get('last-modified')).toBe(new Date((seconds - 60) * 1000).toUTCString());
    expect((await post('stale')).headers.get('cache-control')).toContain('max-age=0,');
    expect((await post('?')).headers.get('cache-control')).toBe('no-store');
  });

  it('refuses what is no question, by a word for each fault, before anybody is asked', async () => {
    asked.length = 0;
    expect((await post('kept', 'text/plain')).status).toBe(415);
    expect((await post(Buffer.alloc(longestRequest + 1))).status).toBe(413);
    expect((await get('/ocsp/not*base64')).status).toBe(400);
    expect((await get('/ocsp/%ff')).status).toBe(400);
    expect((await get(`/ocsp/${'A'.repeat(2 * longestRequest + 1)}`)).status).toBeGreaterThanOrEqual(400);
    const stream = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(1_024)),
    });
    const endless = {
      method: 'POST',
      body: stream,
      duplex: 'half' as const,
      headers: { 'content-type': 'application/ocsp-request' },
    };
    expect((await get('/ocsp', endless).catch(() => ({ status: 413 }))).status).toBe(413);
    expect(asked).toEqual([]);
  });

  it('takes no other method', async () => {
    const answer = await get(`/crl/${keyId}.crl`, { method: 'POST', body: 'x' });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    expect((await get('/ocsp', { method: 'PUT', body: 'x' })).headers.get('allow')).toBe('GET, HEAD, POST');
    const head = await get(`/crl/${keyId}.crl`, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '5', '']);
  });
});
