import { afterEach, describe, expect, it } from 'vitest';
import { listenForProbes } from '#doors/admin/probe-server.ts';
import type { HttpListener } from '#doors/http/listener.ts';
import { Health } from '#telemetry/health.ts';

const listeners: HttpListener[] = [];
afterEach(async () => {
  await Promise.all(listeners.splice(0).map((each) => each.close(0)));
});

async function probe(path = '/readyz') {
  const health = new Health({ now: () => 0 });
  const listener = await listenForProbes({
    host: '127.0.0.1',
    port: 0,
    maxConnections: 8,
    path,
    health,
    expected: ['tls_provider', 'grpc_server'],
    failed: (thrown) => {
      throw thrown;
    },
  });
  listeners.push(listener);
  const get = async (asked: string) => {
    const response = await fetch(`http://127.0.0.1:${listener.address.port}${asked}`);
    return { status: response.status, body: await response.text() };
  };
  return { health, get };
}

async function working() {
  const { health, get } = await probe();
  const checks = { tls: health.register('tls_provider'), grpc: health.register('grpc_server') };
  for (const check of Object.values(checks)) check.pass();
  return { health, get, ...checks };
}

describe('the probe', () => {
  it('Istio 94: 500 before anything has spoken, check by check', async () => {
    const { get } = await probe();
    expect((await get('/readyz')).status).toBe(500);
    expect(await get('/readyz/tls_provider')).toEqual({ status: 500, body: 'internal server error: starting\n' });
    expect((await get('/readyz/grpc_server')).status).toBe(500);
  });

  it('Istio 94: 200 "ok" once the serving certificate is loaded and the port listens, and not with one of them', async () => {
    const { get, grpc } = await working();
    expect(await get('/readyz')).toEqual({ status: 200, body: 'ok' });
    expect(await get('/readyz/')).toEqual({ status: 200, body: 'ok' });
    expect(await get('/readyz/grpc_server')).toEqual({ status: 200, body: 'ok' });
    grpc.fail('the port is not open');
    expect(await get('/readyz')).toEqual({
      status: 500,
      body: '[+]tls_provider ok\n[-]grpc_server failed: the port is not open\nreadyz check failed\n',
    });
    expect((await get('/readyz/tls_provider')).status).toBe(200);
    expect((await get('/readyz/grpc_server')).status).toBe(500);
  });

  it('tells every check to who asks for them, and leaves out of the verdict what is excluded', async () => {
    const { get, grpc } = await working();
    expect(await get('/readyz?verbose')).toEqual({
      status: 200,
      body: '[+]tls_provider ok\n[+]grpc_server ok\nreadyz check passed\n',
    });
    grpc.fail('gone');
    expect(await get('/readyz?exclude=grpc_server')).toEqual({ status: 200, body: 'ok' });
    expect((await get('/readyz?exclude=tls_provider')).status).toBe(500);
    expect((await get('/readyz?exclude=tls_provider&exclude=grpc_server')).status).toBe(200);
    const strange = await get('/readyz?verbose&exclude=grpc_server&exclude=%3Cscript%3E');
    expect(strange.body).toBe(
      '[+]tls_provider ok\n[+]grpc_server excluded: ok\nwarn: nothing to exclude by the name of 1 of the words given\nreadyz check passed\n',
    );
  });

  it('Istio 91: from the first moment of a drain every answer is no', async () => {
    const { get, health } = await working();
    health.drain();
    for (const path of ['/readyz', '/readyz/tls_provider', '/readyz/grpc_server'])
      expect((await get(path)).status, path).toBe(500);
  });

  it('answers under the path that was asked for, and nothing elsewhere', async () => {
    const { get } = await probe('/healthz/ready');
    expect((await get('/healthz/ready')).status).toBe(500);
    for (const path of ['/', '/readyz', '/metrics', '/healthz/ready/nothing', '/healthz/readyness', '/livez'])
      expect((await get(path)).status, path).toBe(404);
  });
});
