import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { answered, kubelet, request } from '#test/e2e/pod-certificates/node-agent.ts';
import { describeWith } from '#test/oracles.ts';
import { Agent, type Answer } from '#test/support/agent.ts';
import type { ControlPlane } from '#test/support/control-plane/control-plane.ts';
import {
  createNamespace,
  createNode,
  createPod,
  createServiceAccount,
  requestToken,
} from '#test/support/control-plane/objects.ts';
import { sharedControlPlane } from '#test/support/control-plane/shared.ts';
import { type Seen, UnrulyProxy } from '#test/support/control-plane/unruly-proxy.ts';
import { testCrl } from '#test/support/crl.ts';
import { p256Request } from '#test/support/requests.ts';
import { testAuthority } from '#test/support/software-ca.ts';
import { Deprived, least } from './deprived.ts';
import { render, type Values } from './helm.ts';
import { Installed, type Right, rightsIn } from './installed.ts';
import { podPolicy } from './policies.ts';
import type { Replica } from './replica.ts';
import { issuerSecret, ownIssuer, root } from './secrets.ts';

/** What servers in this process say; each is told apart by the account that the API server names. */
const said = vi.hoisted((): string[] => []);
vi.mock('#telemetry/log/sink.ts', () => ({ descriptorSink: () => ({ write: (line: string) => said.push(line) }) }));

const patiently = { timeout: 20_000, interval: 50 };
const secrets = { 'mesh-ca': issuerSecret, 'root-crl': { 'root.crl.pem': await testCrl(root, { number: 1 }) } };

/** All that needs a right and stands beside each other in one server. */
const everything: Values = {
  kubernetes: { mode: 'local' },
  distribution: { clusterTrustBundle: { enabled: true }, crlConfigMap: { enabled: true } },
  revocation: { enabled: true, upperCrls: [{ configMap: 'root-crl', key: 'root.crl.pem' }] },
};
/** Its rights on Secrets would hide those for istiod's where both are in one namespace. */
const several: Values = { kubernetes: { remoteClusters: { enabled: true } } };
/** For pods that mount their certificate. */
const mounting: Values = {
  ...least,
  distribution: { rootConfigMap: { enabled: false }, signerTrustBundles: { enabled: true } },
  podCertificates: { enabled: true },
  policy: { documents: { 'pods.yaml': podPolicy } },
};
const selected = (namespace: string): Values => ({
  app: {
    tls: { certificateDNSNames: ['localhost'] },
    controller: { configmapNamespaceSelector: `mesh=${namespace}` },
    server: { caTrustedNodeAccounts: `${namespace}/ztunnel` },
  },
  podCertificates: { signerName: `mesh.test/${namespace}` },
});

interface Asking {
  /** Once the server is ready, before there is anything of the workload. */
  readonly prepare?: () => void;
  /** As the agent of a node, with this account. */
  readonly by?: { readonly namespace: string; readonly name: string };
}

/** A workload's certificate, asked for with the token of its pod, or of an agent on its node. */
async function issue({ admin }: ControlPlane, port: number, { prepare, by }: Asking = {}): Promise<Answer> {
  prepare?.();
  const namespace = await createNamespace(admin, { prefix: 'shop' });
  const account = await createServiceAccount(admin, namespace, 'web');
  const node = await createNode(admin);
  const onNode = { node: node.name, phase: 'Running' };
  const pod = await createPod(admin, account, onNode);
  const identity = `spiffe://cluster.local/ns/${namespace}/sa/web`;
  const asker = by === undefined ? pod : await createPod(admin, by, onNode);
  const token = await requestToken(admin, by ?? account, { audiences: ['istio-ca'], pod: asker });
  using agent = await Agent.connect({ port, roots: root.pem });
  return await agent.call({
    csr: p256Request(identity).csr,
    token,
    ...(by && { metadata: { fields: { ImpersonatedIdentity: { stringValue: identity } } } }),
  });
}

describeWith(['set:helm', 'control-plane'], "the server under the chart's own service account", () => {
  let cluster: ControlPlane;
  beforeAll(async () => {
    cluster = await sharedControlPlane();
  });

  const present = async (path: string) => (await cluster.admin.ask('GET', path)).status === 200;
  const bundles = '/apis/certificates.k8s.io/v1beta1/clustertrustbundles';
  const bundleNamed = (signerName: string) => `${signerName.replace('/', ':')}:roots`;
  const bundleOf = (signerName: string) => `${bundles}/${encodeURIComponent(bundleNamed(signerName))}`;
  const paths = (namespace: string) => ({
    roots: `/api/v1/namespaces/${namespace}/configmaps/istio-ca-root-cert`,
    crls: `/api/v1/namespaces/${namespace}/configmaps/istio-ca-crl`,
    istiod: `/api/v1/namespaces/${namespace}/secrets/istiod-tls`,
    bundle: bundleOf(`test.example/${namespace}`),
    lease: `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/istio-csr`,
  });

  describe('with all that can be switched on beside each other', () => {
    let installed: Installed;
    let replica: Replica;
    beforeAll(async () => {
      installed = await install([everything, several]);
      replica = await installed.start();
    });
    afterAll(async () => {
      await replica?.[Symbol.asyncDispose]();
      installed?.[Symbol.dispose]();
    });

    it('issues to a pod by its token, and is asked for nothing that it may not', async () => {
      expect((await issue(cluster, (await replica.ready()).istio)).code).toBe(0);
      await vi.waitFor(async () => {
        const where = paths(installed.namespace);
        expect(await Promise.all(Object.values(where).map(present))).toEqual([true, true, true, true, true]);
      }, patiently);
      expect(await replica.metrics()).toMatch(/^countersign_kubernetes_remote_secrets_silence_seconds \d/m);
      expect(replica.lines.filter((line) => /forbidden/i.test(line))).toEqual([]);
    });

    it('is not told of a right that is missing when it begins where another ended', async () => {
      await using second = await installed.start(1);
      await second.ready();
      expect(await replica.terminate()).toBe(0);
      await vi.waitFor(async () => {
        expect(await second.metrics()).toMatch(/^leader_election_master_status\{name="istio-csr"\} 1$/m);
      }, patiently);
      expect(second.lines.filter((line) => /forbidden/i.test(line))).toEqual([]);
    });
  });

  const options = (...values: readonly Values[]) => ({ values: [ownIssuer, ...values], select: selected, secrets });

  const install = (values: readonly Values[], proxy?: UnrulyProxy) =>
    Installed.make(cluster, {
      ...options(...values),
      ...(proxy && { through: (token: string) => proxy.access(token) }),
    });

  /** Objects of somebody else's in the places of ours, so that they have to be changed. */
  async function occupy(namespace: string): Promise<void> {
    const { admin } = cluster;
    const other = testAuthority({ commonName: 'Another root' });
    const where = paths(namespace);
    const folder = (path: string) => path.slice(0, path.lastIndexOf('/'));
    await admin.create(folder(where.roots), {
      metadata: { name: 'istio-ca-root-cert' },
      data: { 'root-cert.pem': 'old' },
    });
    await admin.create(folder(where.istiod), { metadata: { name: 'istiod-tls' }, data: { 'tls.crt': 'b2xk' } });
    for (const signerName of [`test.example/${namespace}`, `mesh.test/${namespace}`])
      await admin.create(bundles, {
        metadata: { name: bundleNamed(signerName) },
        spec: { signerName, trustBundle: other.pem },
      });
    for (const name of ['istio-csr', 'countersign-requests'])
      await admin.create(folder(where.lease), {
        metadata: { name },
        spec: { holderIdentity: '', leaseDurationSeconds: 1 },
      });
  }

  /** Kinds that a token is bound to: they are asked for only where a watch has not told of them. */
  const bound = ['pods', 'serviceaccounts', 'nodes'];

  /** Nothing is heard of those kinds from now on, so that they have to be asked for. */
  function deafen(proxy: UnrulyProxy, kinds: readonly string[]): void {
    const when = (seen: Seen) => seen.watch && kinds.some((kind) => seen.path.endsWith(`/${kind}`));
    proxy.make({ kind: 'hang' }, { when });
    proxy.cutWatches();
  }

  it.each([
    ['proves the caller', everything, bound],
    ['lets ztunnel act for a pod', least, ['pods']],
  ])('what a watch has not told of is asked for, and %s', async (_, values, kinds) => {
    await using proxy = await UnrulyProxy.start(cluster.facts.access);
    using installed = await install([values], proxy);
    await using replica = await installed.start();
    const { istio } = await replica.ready();
    const answer = await issue(cluster, istio, await asking(installed, values, () => deafen(proxy, kinds)));
    expect(answer).toMatchObject({ code: 0 });
    for (const kind of kinds) expect(await replica.metrics()).toMatch(liveGets(kind, 'found'));
    expect(await replica.metrics()).not.toMatch(liveGets('.*', 'unavailable'));
  });

  const liveGets = (kind: string, outcome: string) =>
    new RegExp(`^countersign_kubernetes_live_gets_total\\{.*kind="${kind}",outcome="${outcome}"\\} [1-9]`, 'm');

  /** In review mode it is an agent of the node whose pod is looked for. */
  async function asking(installed: Installed, values: Values, prepare: () => void): Promise<Asking> {
    if (values !== least) return { prepare };
    const by = await createServiceAccount(cluster.admin, installed.namespace, 'ztunnel');
    return { prepare, by };
  }

  /** A request of a pod's node for a certificate that the pod mounts; resolves with its path. */
  async function mount({ namespace }: Installed): Promise<string> {
    const { admin } = cluster;
    const node = await createNode(admin);
    const account = await createServiceAccount(admin, namespace, 'job');
    const signerName = `mesh.test/${namespace}`;
    const pod = await createPod(admin, account, { node: node.name, phase: 'Running', signers: [signerName] });
    return request(kubelet(admin, node), { account, pod, node, signerName });
  }

  it('a pod gets the certificate that it mounts, also one that no watch has told of', async () => {
    await using proxy = await UnrulyProxy.start(cluster.facts.access);
    using installed = await install([mounting], proxy);
    await using replica = await installed.start();
    await replica.ready();
    deafen(proxy, bound);
    expect((await answered(cluster.admin, await mount(installed))).type).toBe('Issued');
    await vi.waitUntil(() => present(bundleOf(`mesh.test/${installed.namespace}`)), patiently);
    expect(replica.lines.filter((line) => /forbidden/i.test(line))).toEqual([]);
  });

  /** Starts the server without that right, brings it to want it, and sees that it is missed. */
  async function misses(right: Right, values: Values): Promise<void> {
    const { verb, resource } = right;
    const asked = verb === 'get' && bound.includes(resource);
    const occupied = (verb === 'update' || verb === 'get') && !asked;
    await using deprived = await Deprived.start(cluster, right, {
      ...options(values),
      ...(occupied && { prepare: occupy }),
    });
    const { installed, proxy, server } = deprived;
    if (verb === 'patch' || verb === 'sign') await mount(installed);
    if (asked) {
      const how = await asking(installed, values, () => deafen(proxy, [resource]));
      await issue(cluster, server.istio.port, how);
      const metrics = await fetch(`http://127.0.0.1:${server.admin.port}/metrics`);
      expect(await metrics.text()).toMatch(liveGets(resource, 'unavailable'));
    } else {
      await vi.waitFor(() => expect(said.some((line) => deprived.complaint.test(line))).toBe(true), patiently);
    }
  }

  describe.concurrent.each([
    ['one right less', everything, () => true],
    ['several clusters, one right less', several, ({ role }: Right) => role.includes('remote-clusters')],
    ['callers by review, one right less', least, () => true],
    [
      'pods that mount certificates, one right less',
      mounting,
      ({ role, verb, resource }: Right) =>
        role.includes('requests') ||
        ['sign', 'attest'].includes(verb) ||
        /^(podcertificaterequests|clustertrustbundles)/.test(resource),
    ],
  ])('%s: it is missed, so none is too much', async (_, values, isConcerned) => {
    const manifests = await render([ownIssuer, selected('rights'), values], { release: 'rights', namespace: 'rights' });
    const rights = rightsIn(manifests).filter(isConcerned);
    it.each(rights)('$role: $verb $resource', (right) => misses(right, values), 60_000);
  });
});
