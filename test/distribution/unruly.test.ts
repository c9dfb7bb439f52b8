import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { describeWith } from '#test/oracles.ts';
import { InProcess } from '#test/server/in-process.ts';
import { at } from '#test/support/control-plane/client.ts';
import type { ControlPlane } from '#test/support/control-plane/control-plane.ts';
import { createNamespace } from '#test/support/control-plane/objects.ts';
import { sharedControlPlane } from '#test/support/control-plane/shared.ts';
import { type Fault, type Seen, UnrulyProxy } from '#test/support/control-plane/unruly-proxy.ts';
import type { TestHome } from '#test/support/home.ts';
import { documentedAccess } from './documented-roles.ts';
import { meshHome } from './mesh-home.ts';

const isWrite = ({ method, path }: Seen) => method !== 'GET' && path.includes('/configmaps');
const isWatch = ({ watch }: Seen) => watch;

/** [what goes wrong, the fault, what it befalls, how often] */
const cases: readonly (readonly [string, Fault, (seen: Seen) => boolean, number])[] = [
  ['a write is cut off', { kind: 'drop' }, isWrite, 2],
  ['the answer to a write is cut short', { kind: 'truncate', octets: 20 }, isWrite, 1],
  ['a write meets 401', { kind: 'answer', status: 401 }, isWrite, 1],
  ['a write meets 403', { kind: 'answer', status: 403 }, isWrite, 1],
  ['a write meets 409', { kind: 'answer', status: 409 }, isWrite, 3],
  ['a write meets 429', { kind: 'answer', status: 429, retryAfterSeconds: 1 }, isWrite, 1],
  ['a write meets 500', { kind: 'answer', status: 500 }, isWrite, 2],
  ['watches end with 410', { kind: 'answer', status: 410 }, isWatch, 2],
  ['watches meet 503', { kind: 'answer', status: 503 }, isWatch, 2],
  ['watches are cut short', { kind: 'truncate', octets: 0 }, isWatch, 2],
];

describeWith(['control-plane'], 'a server that distributes past an unruly proxy', () => {
  let cluster: ControlPlane;
  let proxy: UnrulyProxy;
  let system: string;
  let home: TestHome;
  let running: InProcess;

  beforeAll(async () => {
    cluster = await sharedControlPlane();
    proxy = await UnrulyProxy.start(cluster.facts.access);
    system = await createNamespace(cluster.admin, { prefix: 'istio-system' });
    await cluster.admin.patch(`/api/v1/namespaces/${system}`, { metadata: { labels: { mesh: system } } });
    const { token } = await documentedAccess(cluster.admin, { namespace: system });
    home = meshHome(proxy.access(token), {
      lease: { namespace: system },
      rootConfigMap: { namespaceSelector: `mesh=${system}` },
    });
    running = await InProcess.start(home);
  });
  afterEach(() => proxy.behave());
  afterAll(async () => {
    await running.close();
    home[Symbol.dispose]();
    await proxy[Symbol.asyncDispose]();
  });

  const path = () => `/api/v1/namespaces/${system}/configmaps/istio-ca-root-cert`;
  const isRight = async () =>
    at((await cluster.admin.ask('GET', path())).body, 'data', 'root-cert.pem') === home.root.pem;
  const patient = { timeout: 25_000, interval: 50 };

  it.each(cases)('repairs all the same where %s, and issues meanwhile', async (_, fault, when, times) => {
    await vi.waitUntil(isRight, patient);
    const made = proxy.make(fault, { when, times });
    if (when === isWatch) proxy.cutWatches();
    await cluster.admin.delete(path());
    expect((await running.ask()).code).toBe(0);
    await vi.waitUntil(isRight, patient);
    await vi.waitUntil(() => made.met >= times, patient);
    expect((await running.get('/readyz')).status).toBe(200);
  });
});
