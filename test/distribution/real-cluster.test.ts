import { createPrivateKey, X509Certificate } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { Ajv } from 'ajv';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { entrySchema } from '#audit/schema.ts';
import { describeWith } from '#test/oracles.ts';
import { InProcess } from '#test/server/in-process.ts';
import { at } from '#test/support/control-plane/client.ts';
import { Cluster } from '#test/support/control-plane/cluster.ts';
import type { ControlPlane } from '#test/support/control-plane/control-plane.ts';
import { createNamespace, createServiceAccount, grant, requestToken } from '#test/support/control-plane/objects.ts';
import { sharedControlPlane } from '#test/support/control-plane/shared.ts';
import type { TestHome } from '#test/support/home.ts';
import { queuesAtWork } from '#test/support/queues.ts';
import { ServerProcess } from '#test/support/server-process.ts';
import { testAuthority } from '#test/support/software-ca.ts';
import { documentedAccess } from './documented-roles.ts';
import { meshHome } from './mesh-home.ts';

const soon = { timeout: 10_000, interval: 20 };
const name = 'istio-ca-root-cert';

/** The value of a member of an object's data; undefined where there is no such object. */
async function dataAt(cluster: ControlPlane, path: string, key: string): Promise<unknown> {
  return at((await cluster.admin.ask('GET', path)).body, 'data', key);
}

function schemaFaults(records: readonly unknown[]): unknown[] {
  const valid = new Ajv({ strict: false }).compile(entrySchema);
  return records.filter((record) => !valid(record));
}

const configMap = (namespace: string) => `/api/v1/namespaces/${namespace}/configmaps/${name}`;
const rootsIn = (cluster: ControlPlane, namespace: string) => dataAt(cluster, configMap(namespace), 'root-cert.pem');

describeWith(['control-plane'], 'what a server with the documented permissions writes into a real cluster', () => {
  let cluster: ControlPlane;
  let system: string;
  let mesh: string;
  let labels: Readonly<Record<string, string>>;
  let signerName: string;
  let bundleName: string;
  let home: TestHome;
  let running: InProcess;
  let distribution: Readonly<Record<string, unknown>>;
  const next = testAuthority({ commonName: 'Next root' });

  beforeAll(async () => {
    cluster = await sharedControlPlane();
    system = await createNamespace(cluster.admin, { prefix: 'istio-system' });
    labels = { mesh: system };
    mesh = await createNamespace(cluster.admin, { labels });
    signerName = `test.example/${system}`;
    bundleName = `test.example:${system}:root-cert`;
    const names = { 'istio.io:istiod-ca:root-cert': bundleName, 'istio.io/istiod-ca': signerName };
    distribution = {
      lease: { namespace: system },
      rootConfigMap: { namespaceSelector: `mesh=${system}` },
      clusterTrustBundle: { name: bundleName, signerName },
      istiod: { namespace: system, revisions: ['default', 'canary'], additionalDnsNames: ['gateway.example.com'] },
    };
    home = meshHome(await documentedAccess(cluster.admin, { namespace: system, names }), distribution);
    running = await InProcess.start(home);
  });
  afterAll(async () => {
    await running.close();
    home[Symbol.dispose]();
  });

  const secretPath = () => `/api/v1/namespaces/${system}/secrets/istiod-tls`;
  const secretMember = async (key: string) => {
    const text = await dataAt(cluster, secretPath(), key);
    return typeof text === 'string' ? Buffer.from(text, 'base64').toString() : undefined;
  };
  const trustBundle = async () => {
    const path = `/apis/certificates.k8s.io/v1beta1/clustertrustbundles/${encodeURIComponent(bundleName)}`;
    return (await cluster.admin.ask('GET', path)).body;
  };

  it('Istio 86, 95: the bundle of the answers is in a selected namespace, under the label of Istio', async () => {
    await vi.waitUntil(async () => (await rootsIn(cluster, mesh)) === home.root.pem, soon);
    expect((await running.ask()).chain.at(-1)).toBe(home.root.pem);
    expect(at(await cluster.admin.get(configMap(mesh)), 'metadata', 'labels')).toEqual({ 'istio.io/config': 'true' });
    expect(await rootsIn(cluster, system)).toBeUndefined();
  });

  it('Istio 95, K-67: a new namespace has it soon, one that is selected later too, one that is terminating never', async () => {
    const fresh = await createNamespace(cluster.admin, { labels });
    await vi.waitUntil(async () => (await rootsIn(cluster, fresh)) === home.root.pem, soon);
    const late = await createNamespace(cluster.admin);
    await cluster.admin.patch(`/api/v1/namespaces/${late}`, { metadata: { labels } });
    await vi.waitUntil(async () => (await rootsIn(cluster, late)) === home.root.pem, soon);

    // Nobody ends the end of a namespace here: it stays Terminating.
    await cluster.admin.delete(`/api/v1/namespaces/${late}`);
    await cluster.admin.delete(configMap(late));
    const after = await createNamespace(cluster.admin, { labels });
    await vi.waitUntil(async () => (await rootsIn(cluster, after)) === home.root.pem, soon);
    expect(await rootsIn(cluster, late)).toBeUndefined();
  });

  it('Istio 95: what is edited or deleted is repaired, and what is not ours stays', async () => {
    await cluster.admin.patch(configMap(mesh), { data: { 'root-cert.pem': 'theirs', other: 'kept' } });
    await vi.waitUntil(async () => (await rootsIn(cluster, mesh)) === home.root.pem, soon);
    expect(await dataAt(cluster, configMap(mesh), 'other')).toBe('kept');
    await cluster.admin.patch(configMap(mesh), { metadata: { labels: { 'istio.io/config': null } } });
    await vi.waitUntil(
      async () => at(await cluster.admin.get(configMap(mesh)), 'metadata', 'labels', 'istio.io/config') === 'true',
      soon,
    );
    await cluster.admin.delete(configMap(mesh));
    await vi.waitUntil(async () => (await rootsIn(cluster, mesh)) === home.root.pem, soon);
  });

  it('K-63, K-64: a ClusterTrustBundle linked to the signer holds the same bundle, and is repaired', async () => {
    await vi.waitUntil(async () => at(await trustBundle(), 'spec', 'trustBundle') === home.root.pem, soon);
    expect(at(await trustBundle(), 'spec', 'signerName')).toBe(signerName);
    const path = `/apis/certificates.k8s.io/v1beta1/clustertrustbundles/${encodeURIComponent(bundleName)}`;
    await cluster.admin.patch(path, { spec: { trustBundle: next.pem } });
    await vi.waitUntil(async () => at(await trustBundle(), 'spec', 'trustBundle') === home.root.pem, soon);
    await cluster.admin.delete(path);
    await vi.waitUntil(async () => at(await trustBundle(), 'spec', 'trustBundle') === home.root.pem, soon);
  });

  it('Istio 97: istiod-tls has the pair, the roots, and all names of all revisions; its certificate is on the record', async () => {
    await vi.waitUntil(async () => (await secretMember('ca.crt')) === home.root.pem, soon);
    const leaf = new X509Certificate((await secretMember('tls.crt')) ?? '');
    expect(leaf.checkPrivateKey(createPrivateKey((await secretMember('tls.key')) ?? ''))).toBe(true);
    const services = ['istiod', 'istiod-remote', 'istio-pilot', 'istiod-canary'].map((each) => `${each}.${system}.svc`);
    const sans = [...services, 'gateway.example.com'].map((each) => `DNS:${each}`);
    const uri = `URI:spiffe://cluster.local/ns/${system}/sa/istiod-service-account`;
    expect(leaf.subjectAltName?.split(', ')).toEqual([...sans, uri]);
    const serial = leaf.serialNumber.toLowerCase();
    const record = running.records.find(({ certificate }) => Object(certificate).serial === serial);
    expect(record).toMatchObject({
      type: 'certificate.issued',
      door: 'internal',
      certificate: { profile: 'control-plane-v1', eku: ['serverAuth', 'clientAuth'] },
    });
    expect(at(await cluster.admin.get(secretPath()), 'type')).toBe('kubernetes.io/tls');
    const expiry = leaf.validToDate.getTime() / 1000;
    const metric = `countersign_certificate_expiry_timestamp_seconds{role="control-plane",name="istiod-tls"} ${expiry}`;
    const { body } = await running.get('/metrics');
    expect(body).toContain(metric);
    expect(queuesAtWork(body)).toEqual(['clustertrustbundles', 'istiod-secret', 'root-configmaps']);
    expect(schemaFaults(running.records)).toEqual([]);
  });

  it('Istio 97: it is repaired with the pair that it had', async () => {
    await vi.waitUntil(async () => (await secretMember('tls.key')) !== undefined, soon);
    const key = await secretMember('tls.key');
    await cluster.admin.patch(secretPath(), { data: { 'tls.key': Buffer.from('damaged').toString('base64') } });
    await vi.waitUntil(async () => (await secretMember('tls.key')) === key, soon);
    await cluster.admin.delete(secretPath());
    await vi.waitUntil(async () => (await secretMember('tls.key')) === key, soon);
  });

  it('Istio 84, 92: of two replicas one writes; roots change everywhere; the other takes over at once when it stops', async () => {
    const names = { 'istio.io:istiod-ca:root-cert': bundleName, 'istio.io/istiod-ca': signerName };
    using second = meshHome(await documentedAccess(cluster.admin, { namespace: system, names }), distribution, home);
    await using standby = await InProcess.start(second, home.root.pem);
    const leads = async (server: InProcess) =>
      /^leader_election_master_status\{name="istio-csr"\} 1$/m.test((await server.get('/metrics')).body);
    await vi.waitUntil(() => leads(running), soon);
    expect(await leads(standby)).toBe(false);
    expect((await standby.get('/readyz')).status).toBe(200);
    expect((await standby.ask({ token: home.tokens.token('demo', 'web') })).code).toBe(0);

    const both = home.root.pem + next.pem;
    for (const each of [second, home]) each.write('roots.pem', both);
    await Promise.all([running, standby].map(({ server }) => server.reload()));
    await vi.waitUntil(async () => (await rootsIn(cluster, mesh)) === both, soon);
    await vi.waitUntil(async () => (await secretMember('ca.crt')) === both, soon);
    await vi.waitUntil(async () => at(await trustBundle(), 'spec', 'trustBundle') === both, soon);

    const key = await secretMember('tls.key');
    await running.close();
    await vi.waitUntil(() => leads(standby), soon);
    await cluster.admin.delete(configMap(mesh));
    await vi.waitUntil(async () => (await rootsIn(cluster, mesh)) === both, soon);
    await wait(100);
    expect(await secretMember('tls.key')).toBe(key);
    const lease = await cluster.admin.get(`/apis/coordination.k8s.io/v1/namespaces/${system}/leases/istio-csr`);
    expect(at(lease, 'spec', 'leaseTransitions')).toBe(1);
  });
});

describeWith(['control-plane'], 'without what it needs of the cluster, a server', () => {
  it('K-66: that lacks a permission writes what it may, tells of it, and is ready', async () => {
    const cluster = await sharedControlPlane();
    const system = await createNamespace(cluster.admin, { prefix: 'istio-system' });
    await cluster.admin.patch(`/api/v1/namespaces/${system}`, { metadata: { labels: { mesh: system } } });
    const access = await documentedAccess(cluster.admin, { namespace: system }, [
      'countersign-istiod',
      'countersign-trust-bundle',
    ]);
    using home = meshHome(access, {
      lease: { namespace: system },
      rootConfigMap: { namespaceSelector: `mesh=${system}` },
      istiod: { namespace: system },
      clusterTrustBundle: {},
    });
    await using running = await InProcess.start(home);
    await vi.waitUntil(async () => (await rootsIn(cluster, system)) === home.root.pem, soon);
    const failed = async (object: string) =>
      (await running.get('/metrics')).body.match(
        new RegExp(`^countersign_distribution_writes_total\\{object="${object}",outcome="failed"\\} (\\d+)$`, 'm'),
      )?.[1];
    await vi.waitUntil(async () => (await failed('secret')) !== '0', soon);
    await vi.waitUntil(async () => (await failed('clustertrustbundle')) !== '0', soon);
    expect(await failed('configmap')).toBe('0');
    expect((await running.get('/readyz')).status).toBe(200);
    // One that could not be written is not issued again and again.
    expect(
      running.records.filter(({ certificate }) => Object(certificate).profile === 'control-plane-v1').length,
    ).toBeLessThan(2);
  });

  it("Istio 96: that has istio-csr's permissions alone waits for its Lease, and takes over what it wrote", async () => {
    const cluster = await sharedControlPlane();
    const { admin, facts } = cluster;
    const system = await createNamespace(admin, { prefix: 'istio-system' });
    const labels = { mesh: system };
    await admin.patch(`/api/v1/namespaces/${system}`, { metadata: { labels } });
    const account = await createServiceAccount(admin, system, 'cert-manager-istio-csr');
    const words = (text: string) => text.split(' ');
    await grant(admin, account, [
      { apiGroups: [''], resources: ['configmaps'], verbs: words('get list create update watch') },
      { apiGroups: [''], resources: ['namespaces'], verbs: words('get list watch') },
    ]);
    const leases = {
      apiGroups: ['coordination.k8s.io'],
      resources: ['leases'],
      verbs: words('get create update watch list'),
    };
    await grant(admin, account, [leases], system);
    const lease = `/apis/coordination.k8s.io/v1/namespaces/${system}/leases`;
    const spec = { holderIdentity: 'istio-csr-0', leaseDurationSeconds: 3600, leaseTransitions: 4 };
    await admin.create(lease, { metadata: { name: 'istio-csr' }, spec });

    const access = { ...facts.access, token: await requestToken(admin, account) };
    using home = meshHome(access, {
      lease: { namespace: system },
      rootConfigMap: { namespaceSelector: `mesh=${system}` },
    });
    const theirs = await createNamespace(admin, { labels });
    const metadata = { name, labels: { 'istio.io/config': 'true' } };
    await admin.create(configMap(theirs).replace(`/${name}`, ''), {
      metadata,
      data: { 'root-cert.pem': home.root.pem },
    });
    const before = await admin.get(configMap(theirs));
    await using running = await InProcess.start(home);
    expect((await running.get('/readyz')).status).toBe(200);
    expect((await running.get('/metrics')).body).toMatch(/^leader_election_master_status\{name="istio-csr"\} 0$/m);
    expect(await rootsIn(cluster, system)).toBeUndefined();
    await admin.patch(`${lease}/istio-csr`, { spec: { holderIdentity: '', leaseDurationSeconds: 1 } });
    await vi.waitUntil(async () => (await rootsIn(cluster, system)) === home.root.pem, soon);
    expect(await admin.get(configMap(theirs))).toEqual(before);
    expect(at(await admin.get(`${lease}/istio-csr`), 'spec', 'leaseTransitions')).toBe(5);
  });

  it('that ends without a word is followed by another once its lease has run out', async () => {
    const cluster = await sharedControlPlane();
    const system = await createNamespace(cluster.admin, { prefix: 'istio-system' });
    await cluster.admin.patch(`/api/v1/namespaces/${system}`, { metadata: { labels: { mesh: system } } });
    const access = await documentedAccess(cluster.admin, { namespace: system });
    const distribution = { lease: { namespace: system }, rootConfigMap: { namespaceSelector: `mesh=${system}` } };
    using home = meshHome(access, distribution);
    using second = meshHome(access, distribution, home);
    const first = await ServerProcess.start(home);
    await vi.waitUntil(async () => (await rootsIn(cluster, system)) === home.root.pem, soon);
    await using standby = await InProcess.start(second, home.root.pem);
    await first.kill();
    await cluster.admin.delete(configMap(system));
    await vi.waitUntil(async () => (await rootsIn(cluster, system)) === home.root.pem, { ...soon, timeout: 40_000 });
    expect((await standby.get('/metrics')).body).toMatch(/^leader_election_master_status\{name="istio-csr"\} 1$/m);
  }, 60_000);

  describe('whose API server hangs', () => {
    let cluster: Cluster;
    beforeAll(async () => {
      cluster = await Cluster.start();
    });
    afterAll(() => cluster.stop());

    it('issues on, is ready, stops in time, and its successor takes over once the API server is back', async () => {
      const system = await createNamespace(cluster.admin, { prefix: 'istio-system' });
      const access = await documentedAccess(cluster.admin, { namespace: system });
      const distribution = { lease: { namespace: system }, istiod: { namespace: system } };
      using home = meshHome(access, distribution);
      await using running = await InProcess.start(home);
      await vi.waitUntil(async () => (await rootsIn(cluster, 'default')) === home.root.pem, soon);
      cluster.pause();
      expect((await running.ask()).code).toBe(0);
      const next = testAuthority({ commonName: 'Next root' });
      home.write('roots.pem', home.root.pem + next.pem);
      await running.server.reload();
      expect((await running.ask()).chain.at(-1)).toBe(home.root.pem + next.pem);
      expect((await running.get('/readyz')).status).toBe(200);
      await running.close();
      await using early = await InProcess.start(home);
      expect((await early.ask()).code).toBe(0);
      cluster.resume();
      await vi.waitUntil(async () => (await rootsIn(cluster, 'default')) === home.root.pem + next.pem, {
        timeout: 120_000,
        interval: 100,
      });
    }, 240_000);
  });
});
