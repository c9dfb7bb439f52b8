import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { describeWith } from '#test/oracles.ts';
import { InProcess } from '#test/server/in-process.ts';
import { at } from '#test/support/control-plane/client.ts';
import type { ControlPlane } from '#test/support/control-plane/control-plane.ts';
import { createNamespace } from '#test/support/control-plane/objects.ts';
import { sharedControlPlane } from '#test/support/control-plane/shared.ts';
import { testCrl } from '#test/support/crl.ts';
import type { TestHome } from '#test/support/home.ts';
import { queuesAtWork } from '#test/support/queues.ts';
import { readPemBlocks } from '#x509/pem.ts';
import { documentedAccess } from './documented-roles.ts';
import { meshHome } from './mesh-home.ts';

const soon = { timeout: 20_000, interval: 50 };

describeWith(['control-plane'], 'the CRLs in a real cluster, by a server with the documented permissions', () => {
  let cluster: ControlPlane;
  let mesh: string;
  let home: TestHome;
  let running: InProcess;

  beforeAll(async () => {
    cluster = await sharedControlPlane();
    const system = await createNamespace(cluster.admin, { prefix: 'istio-system' });
    mesh = await createNamespace(cluster.admin, { labels: { crls: system } });
    const distribution = {
      lease: { namespace: system },
      rootConfigMap: { enabled: false },
      crlConfigMap: { namespaceSelector: `crls=${system}` },
    };
    const revocation = { directory: 'status', listen: '127.0.0.1:0', upperCrls: ['root.crl'] };
    // only what the document says for this
    const others = ['countersign-roots', 'countersign-trust-bundle', 'countersign-istiod'];
    const access = await documentedAccess(cluster.admin, { namespace: system }, others);
    home = meshHome(access, distribution, undefined, { revocation });
    running = await InProcess.start(home);
  });
  afterAll(async () => {
    await running.close();
    home[Symbol.dispose]();
  });

  const inMesh = async () => {
    const path = `/api/v1/namespaces/${mesh}/configmaps/istio-ca-crl`;
    return (await cluster.admin.ask('GET', path)).body;
  };
  const text = async () => at(await inMesh(), 'data', 'ca-crl.pem');

  it('Istio 100: nothing is written before the root has a CRL, then both, and what comes after', async () => {
    const { host, port } = running.server.revocation ?? {};
    const metrics = async () => (await running.get('/metrics')).body;
    await vi.waitUntil(async () => queuesAtWork(await metrics()).includes('crl-configmaps'), soon);
    expect((await fetch(`http://${host}:${port}/crl/bundle.pem`)).status).toBe(404);
    expect(await text()).toBeUndefined();

    for (const number of [1, 2]) {
      const crl = await testCrl(home.root, { number });
      home.write('root.crl', crl);
      await running.server.reload();
      await vi.waitUntil(async () => String(await text()).includes(crl), soon);
    }
    expect(readPemBlocks(String(await text()), ['X509 CRL'], 9)).toHaveLength(2);
    expect(at(await inMesh(), 'metadata', 'labels')).toEqual({ 'istio.io/config': 'true' });
  });
});
