import { afterAll, beforeAll, it, vi } from 'vitest';
import { describeWith } from '#test/oracles.ts';
import { InProcess } from '#test/server/in-process.ts';
import { Cluster } from '#test/support/control-plane/cluster.ts';
import { createNamespace } from '#test/support/control-plane/objects.ts';
import type { TestHome } from '#test/support/home.ts';
import { documentedAccess } from './documented-roles.ts';
import { meshHome } from './mesh-home.ts';

/** After the API server is back: some three seconds where nobody else needs the machine. */
const soonAfter = { timeout: 40_000, interval: 50 };
const starting = 180_000;
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describeWith(['control-plane'], 'distribution into a cluster whose API server hangs (SIGSTOP) and goes on', () => {
  let cluster: Cluster;
  let mesh: string;
  let home: TestHome;
  let running: InProcess | undefined;
  beforeAll(async () => {
    cluster = await Cluster.start();
    const system = await createNamespace(cluster.admin, { prefix: 'istio-system' });
    mesh = await createNamespace(cluster.admin, { labels: { mesh: '' } });
    home = meshHome(await documentedAccess(cluster.admin, { namespace: system }), {
      lease: { namespace: system },
      rootConfigMap: { namespaceSelector: 'mesh' },
    });
  }, starting);
  afterAll(async () => {
    await running?.close();
    home?.[Symbol.dispose]();
    await cluster?.stop();
  });

  const path = (namespace: string) => `/api/v1/namespaces/${namespace}/configmaps/istio-ca-root-cert`;
  const isThere = async (namespace: string) => (await cluster.admin.ask('GET', path(namespace))).status === 200;
  const comes = (namespace: string) => vi.waitUntil(() => isThere(namespace), soonAfter);
  const hang = async (ms: number) => {
    await cluster.pause();
    await wait(ms);
    cluster.resume();
  };

  it('a replica that starts meanwhile serves the first namespace soon after', { timeout: starting }, async () => {
    await cluster.pause();
    try {
      running = await InProcess.start(home);
      // long enough that every watch and list has been given up, more than once
      await wait(25_000);
    } finally {
      cluster.resume();
    }
    await comes(mesh);
  });

  it.each([3000, 20_000])(
    'after %i ms a deletion is repaired, and a new namespace served, soon after',
    async (ms) => {
      await hang(ms);
      await cluster.admin.delete(path(mesh));
      await comes(mesh);
      await comes(await createNamespace(cluster.admin, { labels: { mesh: '' } }));
    },
    starting,
  );
});
