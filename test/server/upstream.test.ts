import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { describeWith } from '#test/oracles.ts';
import { CertManager, certManagerApi } from '#test/support/control-plane/cert-manager.ts';
import { at } from '#test/support/control-plane/client.ts';
import type { ControlPlane } from '#test/support/control-plane/control-plane.ts';
import { createNamespace } from '#test/support/control-plane/objects.ts';
import { freePort } from '#test/support/control-plane/program.ts';
import { sharedControlPlane } from '#test/support/control-plane/shared.ts';
import { quietly, TestHome } from '#test/support/home.ts';
import { queuesAtWork } from '#test/support/queues.ts';
import { replayed } from '#test/support/replayed.ts';
import { p256Request, web } from '#test/support/requests.ts';
import type { TestAuthority } from '#test/support/software-ca.ts';
import { InProcess } from './in-process.ts';

const patiently = { timeout: 30_000, interval: 50 };

describeWith(['control-plane', 'set:cert-manager'], "a server whose issuer is cert-manager's", () => {
  let cluster: ControlPlane;
  let namespace: string;
  let certManager: CertManager;
  let root: TestAuthority;
  const homes: TestHome[] = [];

  beforeAll(async () => {
    cluster = await sharedControlPlane();
    namespace = await createNamespace(cluster.admin, { prefix: 'mesh' });
    certManager = await CertManager.start(cluster, namespace);
    root = await certManager.ca('istio-ca');
  });
  afterAll(async () => {
    await certManager?.[Symbol.asyncDispose]();
    for (const home of homes) home[Symbol.dispose]();
  });

  /** `issuer` is laid over an entry of `certManager`. */
  function homeWith(issuer: Readonly<Record<string, unknown>>, roots?: string, probe = 0, more: object = {}): TestHome {
    const home = new TestHome({
      dialect: 'istio-csr',
      config: {
        ...quietly,
        ...more,
        telemetry: { logs: { level: 'warn' } },
        issuers: [
          {
            name: 'mesh',
            ...(roots !== undefined && { roots: 'outside.pem' }),
            certManager: { issuer: { name: 'istio-ca' }, namespace, kubeconfig: 'kubeconfig', ...issuer },
          },
        ],
        admin: { listen: '127.0.0.1:0', probe: { listen: `127.0.0.1:${probe}` } },
      },
    });
    homes.push(home);
    home.write('kubeconfig', cluster.kubeconfig);
    if (roots !== undefined) home.write('outside.pem', roots);
    return home;
  }
  const requests = async () => {
    const items = at(await cluster.admin.get(`${certManagerApi}/namespaces/${namespace}/certificaterequests`), 'items');
    return Array.isArray(items) ? items : [];
  };
  const ours = ({ records }: InProcess) =>
    records
      .filter(({ type, door }) => /^(certificate|issuer)\./.test(type) && door !== 'istio')
      .map(({ type }) => type);

  it('way intermediate: signs under a CA certificate of its own, which the issuer signed; the log tells all of it', async () => {
    await using running = await InProcess.start(homeWith({ way: 'intermediate' }), root.pem);
    const { code, chain } = await running.ask();
    expect(code).toBe(0);
    expect(chain).toHaveLength(3);
    const [leaf, own, anchor] = chain.map((pem) => new X509Certificate(pem));
    expect(leaf?.subjectAltName).toBe(`URI:${web}`);
    expect(own?.ca).toBe(true);
    expect(own?.subject).toBe('CN=Countersign intermediate');
    expect(leaf?.verify(own?.publicKey ?? root.key)).toBe(true);
    expect(own?.verify(new X509Certificate(root.pem).publicKey)).toBe(true);
    expect(anchor?.fingerprint256).toBe(new X509Certificate(root.pem).fingerprint256);
    expect(ours(running)).toEqual([
      'certificate.intended',
      'certificate.issued',
      'issuer.installed',
      'certificate.issued',
    ]);
    const issued = running.records.find(({ type }) => type === 'certificate.issued');
    expect(issued?.outside).toMatchObject({ namespace, issuer: 'Issuer.cert-manager.io/istio-ca' });
    await vi.waitFor(async () => expect(await requests()).toEqual([]), patiently);
  });

  it('two replicas have an intermediate each, under the same root', async () => {
    const [one, two] = await Promise.all([
      InProcess.start(homeWith({}), root.pem),
      InProcess.start(homeWith({}), root.pem),
    ]);
    await using first = one;
    await using second = two;
    const chains = [await first.ask(), await second.ask()].map(({ chain }) => chain);
    expect(chains[0]?.[1]).not.toBe(chains[1]?.[1]);
    expect(chains[0]?.at(-1)).toBe(chains[1]?.at(-1));
  });

  it('way relay: each certificate is made by the issuer, on the record', async () => {
    await using running = await InProcess.start(homeWith({ way: 'relay' }), root.pem);
    const { code, chain } = await running.ask();
    expect(code).toBe(0);
    const leaf = new X509Certificate(chain[0] ?? '');
    expect(leaf.subjectAltName).toBe(`URI:${web}`);
    expect(leaf.verify(new X509Certificate(root.pem).publicKey)).toBe(true);
    expect(chain.at(-1)).toBe(root.pem);
    const [issued] = running.records.filter(({ type, door }) => type === 'certificate.issued' && door === 'istio');
    expect(issued?.outside).toMatchObject({ namespace });
    expect(replayed(running.records)).toEqual({ findings: [], kinds: { relayed: 1, serving: 1 } });
    await vi.waitFor(async () => expect(await requests()).toEqual([]), patiently);
    expect(queuesAtWork((await running.get('/metrics')).body)).toEqual(['certificaterequests-leftovers']);
  });

  it('way either: relays where the issuer denies a CA certificate', async () => {
    await using leaves = await certManager.leavesOnly('leaves');
    const home = homeWith({ issuer: leaves.reference }, leaves.root.pem);
    await using running = await InProcess.start(home, leaves.root.pem);
    expect(leaves.denied).toBe(1);
    expect(ours(running).slice(0, 3)).toEqual(['certificate.intended', 'certificate.failed', 'issuer.installed']);
    expect((await running.ask()).code).toBe(0);
  });

  it('Istio 94: with a ConfigMap alone that is not there yet it is ready, and serves once it is', async () => {
    const probe = await freePort();
    const home = homeWith({ issuer: undefined, runtime: { configMap: 'issuer', namespace } }, undefined, probe);
    const starting = InProcess.start(home, root.pem);
    const ready = async (path = '/readyz') => (await fetch(`http://127.0.0.1:${probe}${path}`)).status;
    await vi.waitFor(async () => expect(await ready()).toBe(200), patiently);
    expect(await ready('/readyz/tls_provider')).toBe(200);
    expect(await Promise.race([starting, Promise.resolve('waits')])).toBe('waits');
    const data = { 'issuer-name': 'istio-ca', 'issuer-kind': 'Issuer', 'issuer-group': 'cert-manager.io' };
    await cluster.admin.create(`/api/v1/namespaces/${namespace}/configmaps`, { metadata: { name: 'issuer' }, data });
    await using running = await starting;
    expect((await running.ask()).code).toBe(0);
  });

  it('Istio 84, 94: another issuer that the ConfigMap names signs from then on; its root joins the one that certificates live under', async () => {
    const other = await certManager.ca('other-ca');
    const maps = `/api/v1/namespaces/${namespace}/configmaps`;
    await using running = await InProcess.start(
      homeWith({ runtime: { configMap: 'another', namespace } }, undefined, 0, { trustBundle: { overlap: '1h' } }),
      root.pem + other.pem,
    );
    expect((await running.ask()).chain.at(-1)).toBe(root.pem);
    const data = { 'issuer-name': 'other-ca', 'issuer-kind': 'Issuer', 'issuer-group': 'cert-manager.io' };
    await cluster.admin.create(maps, { metadata: { name: 'another' }, data });
    const { chain } = await vi.waitFor(async () => {
      const answer = await running.ask();
      expect(answer.chain.at(-1)).toBe(other.pem + root.pem);
      return answer;
    }, patiently);
    const own = new X509Certificate(chain[1] ?? '');
    expect(own.verify(new X509Certificate(other.pem).publicKey)).toBe(true);
    expect(ours(running)).toContain('issuer.rotated');
    await vi.waitFor(
      () => expect(running.records.filter(({ type }) => type === 'trustbundle.changed')).toHaveLength(1),
      patiently,
    );
    await cluster.admin.delete(`${maps}/another`);
    await vi.waitFor(async () => expect((await running.ask()).chain.at(-1)).toBe(root.pem + other.pem), patiently);
  });

  it('whoever is told to stop while it waits for its issuer ends', async () => {
    const stop = new AbortController();
    const starting = InProcess.start(homeWith({ issuer: { name: 'nobody' } }), root.pem, stop.signal);
    await vi.waitFor(async () => expect(await requests()).toHaveLength(1), patiently);
    stop.abort(new Error('told'));
    await expect(starting).rejects.toThrow('told');
    await vi.waitFor(async () => expect(await requests()).toEqual([]), patiently);
  });

  it('an issuer that hangs makes nobody wait: what is there serves on, and what is not there is unavailable', async () => {
    await using running = await InProcess.start(homeWith({}), root.pem);
    await using relaying = await InProcess.start(homeWith({ way: 'relay', timeout: '1s' }), root.pem);
    await certManager.pause();
    try {
      expect((await running.ask()).code).toBe(0);
      expect((await relaying.ask()).code).toBe(14);
      expect((await running.ask({ csr: p256Request().csr })).code).toBe(0);
    } finally {
      certManager.resume();
    }
    expect((await relaying.ask()).code).toBe(0);
  });
});
