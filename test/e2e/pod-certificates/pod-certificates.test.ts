import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { stringify } from 'yaml';
import { documented, documentedAccess } from '#test/distribution/documented-roles.ts';
import { describeWith } from '#test/oracles.ts';
import { policyText } from '#test/policy/sidecar.ts';
import { InProcess, quiet } from '#test/server/in-process.ts';
import { at } from '#test/support/control-plane/client.ts';
import type { ControlPlane } from '#test/support/control-plane/control-plane.ts';
import { kubeconfig } from '#test/support/control-plane/kubeconfig.ts';
import {
  createNamespace,
  createNode,
  createPod,
  createServiceAccount,
  deletePod,
  type ServiceAccount,
} from '#test/support/control-plane/objects.ts';
import { sharedControlPlane } from '#test/support/control-plane/shared.ts';
import { UnrulyProxy } from '#test/support/control-plane/unruly-proxy.ts';
import { TestHome } from '#test/support/home.ts';
import { queuesAtWork } from '#test/support/queues.ts';
import { endsIn, type LogRecord } from '#test/support/records.ts';
import { replayed } from '#test/support/replayed.ts';
import { testAuthority } from '#test/support/software-ca.ts';
import { answered, kubelet, type Mounting, request, statusAt } from './node-agent.ts';
import { bareKey, isKeyType, keyTypes, type PodKeyType, stub } from './stubs.ts';

const document = 'docs/pod-certificates.md';
const soon = { timeout: 30_000, interval: 25 };
const everyKey = ['ec:P-256', 'ec:P-384', 'ec:P-521', 'rsa:3072', 'rsa:4096', 'ed25519'];
const widely = { priority: 10, key: { allow: everyKey }, validity: { default: '24h', max: '91d' } };
/** For one account: fewer keys, and nothing for another at all. */
const narrowly = { priority: 20, match: { serviceAccounts: ['narrow'] }, key: { allow: ['ec:P-384'] } };
const never = {
  priority: 30,
  effect: 'deny',
  match: { serviceAccounts: ['banned'] },
  key: undefined,
  validity: undefined,
};
const half = (status: { readonly notBefore: string; readonly notAfter: string }) =>
  (Date.parse(status.notBefore) + Date.parse(status.notAfter)) / 2;

describeWith(['control-plane'], 'PodCertificateRequests of a real API server', () => {
  let cluster: ControlPlane;
  let namespace: string;
  let signerName: string;
  let home: TestHome;
  let running: InProcess;
  let proxy: UnrulyProxy;
  let node: Awaited<ReturnType<typeof createNode>>;
  let web: ServiceAccount;

  beforeAll(async () => {
    cluster = await sharedControlPlane();
    const { admin } = cluster;
    namespace = await createNamespace(admin, { prefix: 'pods' });
    signerName = `mesh.test/${namespace}`;
    node = await createNode(admin);
    web = await createServiceAccount(admin, namespace, 'web');
    const names = {
      'mesh.example/workload': signerName,
      'mesh.example:workload:roots': `mesh.test:${namespace}:roots`,
    };
    proxy = await UnrulyProxy.start(await documentedAccess(admin, { namespace, names }, [], document));
    home = new TestHome({ config: quiet });
    home.write('kube.yaml', kubeconfig(proxy.access()), 0o600);
    for (const [name, spec] of Object.entries({ widely, narrowly, never }))
      home.write(`${name}.yaml`, policyText({ name, spec }));
    const section = { kubeconfig: 'kube.yaml', lease: { namespace }, trustBundles: 'write' };
    const clusterRequests = { ...section, podCertificates: { signerName } };
    const policies = ['widely.yaml', 'narrowly.yaml', 'never.yaml'];
    const authenticators = [{ kubernetes: { mode: 'local', audiences: ['istio-ca'], kubeconfig: 'kube.yaml' } }];
    // a quarter of a burst is for renewals, and a thousand come at once below
    const fairness = { node: { burst: 2_000 } };
    home.write('countersign.yaml', stringify({ ...home.config, authenticators, policies, fairness, clusterRequests }));
    running = await InProcess.start(home);
  });
  afterAll(async () => {
    await running?.close();
    await proxy?.[Symbol.asyncDispose]();
    home?.[Symbol.dispose]();
  });

  async function mounting(account = web): Promise<Mounting> {
    const pod = await createPod(cluster.admin, account, { node: node.name, signers: [signerName] });
    return { account, pod, node, signerName };
  }
  const asked = async (over: Readonly<Record<string, unknown>> = {}, account = web) => {
    const { admin } = cluster;
    return answered(admin, await request(kubelet(admin, node), await mounting(account), over));
  };
  const recordsOf = (uid: unknown): LogRecord[] =>
    endsIn(running.records).filter(({ request: asked }) => at(asked, 'id') === uid);
  /** Requests that were found to be nobody's. */
  const left = async () => {
    const { body } = await running.get('/metrics');
    return Number(
      /^countersign_cluster_requests_total\{kind="podcertificaterequests",outcome="left"\} (\d+)$/m.exec(body)?.[1],
    );
  };
  const uidAt = async (path: string) => at(await cluster.admin.get(path), 'metadata', 'uid');
  const idOf = ({ name }: ServiceAccount) => `spiffe://cluster.local/ns/${namespace}/sa/${name}`;

  it('pods, accounts and nodes are followed once for this door and for the tokens of the Istio door', async () => {
    await vi.waitFor(async () => expect((await running.get('/readyz')).status).toBe(200), soon);
    for (const kind of ['pods', 'serviceaccounts', 'nodes']) {
      const whole = proxy.seen.filter(
        ({ path, query }) => path === `/api/v1/${kind}` && query.has('sendInitialEvents'),
      );
      expect(whole).toHaveLength(1);
    }
  });

  it('K-63, K-64: the signer has its ClusterTrustBundle, which follows the roots in force and is mended', async () => {
    const path = `/apis/certificates.k8s.io/v1beta1/clustertrustbundles/mesh.test:${namespace}:roots`;
    const bundle = () => cluster.admin.get(path).catch(() => undefined);
    const isWritten = async (roots: string) =>
      vi.waitFor(async () => {
        expect(at(await bundle(), 'spec')).toEqual({ signerName, trustBundle: roots });
      }, soon);
    await isWritten(home.root.pem);
    const next = testAuthority({ commonName: 'Test root of next year' });
    home.write('roots.pem', home.root.pem + next.pem);
    await running.server.reload();
    await isWritten(home.root.pem + next.pem);
    const spoilt = { ...Object(await bundle()), spec: { signerName, trustBundle: next.pem } };
    await cluster.admin.must('PUT', path, spoilt);
    await isWritten(home.root.pem + next.pem);
    home.write('roots.pem', home.root.pem);
    await running.server.reload();
    await isWritten(home.root.pem);
  });

  it('K-52, K-61: a pod that mounts a certificate gets that of its service account, and the record says for whom', async () => {
    const mount = await mounting();
    const path = await request(kubelet(cluster.admin, node), mount);
    const status = await answered(cluster.admin, path);
    expect(status).toMatchObject({ type: 'Issued', reason: 'Issued' });
    const [leaf = '', ...above] = status.chain.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----\n/g) ?? [];
    const certificate = new X509Certificate(leaf);
    expect([certificate.subject, certificate.subjectAltName]).toEqual([undefined, `URI:${idOf(web)}`]);
    expect(above.join('')).toBe(home.intermediate.pem);
    expect(certificate.verify(new X509Certificate(above[0] ?? '').publicKey)).toBe(true);
    expect(recordsOf(await uidAt(path))).toMatchObject([
      {
        type: 'certificate.issued',
        door: 'pod-certificate',
        caller: {
          authenticator: 'kubernetes-object',
          identity: idOf(web),
          cluster: 'Kubernetes',
          namespace,
          serviceAccount: 'web',
          serviceAccountUid: web.uid,
          pod: { name: mount.pod.name, uid: mount.pod.uid },
          node: node.name,
          nodeUid: node.uid,
        },
      },
    ]);
  });

  it('its work and its lease are in the metrics under the names that any controller has', async () => {
    await asked();
    const { body } = await running.get('/metrics');
    expect(queuesAtWork(body)).toEqual(['clustertrustbundles', 'podcertificaterequests']);
    expect(body).toMatch(/^workqueue_work_duration_seconds_count\{name="podcertificaterequests"\} [1-9]/m);
    expect(body).toMatch(/^leader_election_master_status\{name="countersign-requests"\} 1$/m);
  });

  it('the pod that the document shows is one that the API server takes, and gets a certificate', async () => {
    const [shown] = documented(document, 'Pod');
    const named = JSON.parse(JSON.stringify(shown).replaceAll('mesh.example/workload', signerName));
    const account = await createServiceAccount(cluster.admin, namespace, 'shown');
    const spec = { ...Object(at(named, 'spec')), nodeName: node.name, serviceAccountName: 'shown' };
    const made = await cluster.admin.create(`/api/v1/namespaces/${namespace}/pods`, { ...named, spec });
    const pod = {
      namespace,
      name: String(at(made, 'metadata', 'name')),
      uid: String(at(made, 'metadata', 'uid')),
      serviceAccount: 'shown',
      node: node.name,
    };
    const path = await request(kubelet(cluster.admin, node), { account, pod, node, signerName });
    expect(await answered(cluster.admin, path)).toMatchObject({ type: 'Issued' });
  });

  it.each(Object.keys(keyTypes) as PodKeyType[])('K-53: a key of %s is certified', async (keyType) => {
    expect(await asked({ stubPKCS10Request: await stub(keyType) })).toMatchObject({ type: 'Issued' });
  });

  it.each(Object.keys(keyTypes).filter(isKeyType))(
    'K-52: a bare key of %s with its proof is certified, as an older kubelet sends it',
    async (keyType) => {
      const mount = await mounting();
      const key = bareKey(keyType, mount.pod.uid);
      const path = await request(kubelet(cluster.admin, node), mount, { stubPKCS10Request: undefined, ...key });
      const { type, chain } = await answered(cluster.admin, path);
      expect(type).toBe('Issued');
      const leaf = new X509Certificate(chain);
      expect(leaf.publicKey.export({ format: 'der', type: 'spki' }).toString('base64')).toBe(key.pkixPublicKey);
      expect(leaf.subjectAltName).toBe(`URI:spiffe://cluster.local/ns/${namespace}/sa/web`);
    },
  );

  it('K-53: a key that policy does not allow is denied, with one that it does', async () => {
    const narrow = await createServiceAccount(cluster.admin, namespace, 'narrow');
    expect(await asked({}, narrow)).toMatchObject({
      type: 'Denied',
      reason: 'UnsupportedKeyType',
      message: expect.stringContaining('ec:P-384'),
    });
    expect(await asked({ stubPKCS10Request: await stub('ECDSAP384') }, narrow)).toMatchObject({ type: 'Issued' });
  });

  it('K-54: an annotation that nobody here knows is denied by its name, on the record', async () => {
    const unverifiedUserAnnotations = { 'other.example/dns': 'bank.example' };
    const path = await request(kubelet(cluster.admin, node), await mounting(), { unverifiedUserAnnotations });
    expect(await answered(cluster.admin, path)).toMatchObject({
      type: 'Denied',
      reason: 'InvalidUnverifiedUserAnnotations',
      message: expect.stringContaining('other.example/dns'),
    });
    expect(recordsOf(await uidAt(path))).toMatchObject([{ type: 'certificate.denied', reason: 'csr.attribute' }]);
  });

  it.each([3600, 3601, 86_400, 7_862_400])('K-55, K-57: with at most %i s the API server takes it', async (most) => {
    const status = await asked({ maxExpirationSeconds: most });
    expect(status).toMatchObject({ type: 'Issued' });
    const lifetime = (Date.parse(status.notAfter) - Date.parse(status.notBefore)) / 1000;
    // the policy's default is a day, and two minutes of it are past
    expect(lifetime).toBe(Math.min(most, 86_400 + 119));
    expect(Math.abs(Date.parse(status.beginRefreshAt) - half(status))).toBeLessThanOrEqual(1000);
  });

  it('a policy that denies is told in its own words, and the pod is told for good', async () => {
    const banned = await createServiceAccount(cluster.admin, namespace, 'banned');
    expect(await asked({}, banned)).toMatchObject({ type: 'Denied', reason: 'PolicyDenied' });
  });

  it.each([
    { what: 'a common name', names: { commonName: 'bank' } },
    { what: 'another SPIFFE ID', names: { uri: 'spiffe://cluster.local/ns/default/sa/bank' } },
  ])('K-61: a stub with $what is denied', async ({ names }) => {
    const stubPKCS10Request = await stub('ECDSAP256', names);
    expect(await asked({ stubPKCS10Request })).toMatchObject({ type: 'Denied', reason: 'InvalidRequest' });
  });

  describe('made by somebody who is no node', () => {
    const claims: readonly (readonly [string, (mount: Mounting) => Promise<Partial<Mounting>>])[] = [
      ['a pod that is not there', async ({ pod }) => ({ pod: { ...pod, name: 'nobody' } })],
      ['a pod of another UID', async ({ pod }) => ({ pod: { ...pod, uid: '11111111-1111-4111-8111-111111111111' } })],
      [
        'an account that the pod does not run as',
        async () => ({ account: await createServiceAccount(cluster.admin, namespace) }),
      ],
      [
        'an account of another UID',
        async ({ account }) => ({ account: { ...account, uid: '11111111-1111-4111-8111-111111111111' } }),
      ],
      ['another node', async () => ({ node: await createNode(cluster.admin) })],
      [
        'a pod that has ended',
        async ({ pod }) => {
          await deletePod(cluster.admin, pod);
          return {};
        },
      ],
      [
        'a pod that mounts no certificate of ours',
        async ({ account }) => ({ pod: await createPod(cluster.admin, account, { node: node.name }) }),
      ],
    ];

    it.each(claims)('K-58: a request for %s is not issued, and left as it is', async (_, twist) => {
      const mount = await mounting();
      const before = await left();
      const path = await request(cluster.admin, { ...mount, ...(await twist(mount)) });
      await vi.waitUntil(async () => (await left()) > before, { timeout: 20_000, interval: 25 });
      expect(recordsOf(await uidAt(path)).filter(({ reason }) => reason !== 'authn.failed')).toEqual([]);
      expect(await statusAt(cluster.admin, path)).toBeUndefined();
    });
  });

  it.each([
    ['is broken', { kind: 'answer', status: 500 } as const],
    ['is throttled', { kind: 'answer', status: 429 } as const],
    ['is cut', { kind: 'drop' } as const],
  ])(
    'K-59, K-60: while writing %s the request stays untouched; then it is answered with the certificate that is on the record',
    async (_, fault) => {
      const made = proxy.make(fault, { when: ({ method }) => method === 'PATCH', times: 3 });
      const path = await request(kubelet(cluster.admin, node), await mounting());
      const status = await answered(cluster.admin, path);
      made.lift();
      expect(made.met).toBe(3);
      const uid = await uidAt(path);
      const issued = recordsOf(uid).filter(({ type }) => type === 'certificate.issued');
      expect(issued).toHaveLength(1);
      const leaf = new X509Certificate(status.chain);
      expect(at(issued[0]?.certificate, 'serial')).toBe(leaf.serialNumber.toLowerCase());
    },
  );

  it('K-60: a request that another has answered is not written again', async () => {
    const made = proxy.make({ kind: 'delay', ms: 1_000 }, { when: ({ method }) => method === 'PATCH', times: 1 });
    const path = await request(kubelet(cluster.admin, node), await mounting());
    await vi.waitUntil(() => made.met === 1, { timeout: 20_000, interval: 5 });
    const conditions = [
      {
        type: 'Failed',
        status: 'True',
        reason: 'Other',
        message: '',
        lastTransitionTime: new Date().toISOString().replace(/\.\d+/, ''),
      },
    ];
    await cluster.admin.patch(`${path}/status`, { status: { conditions } });
    await vi.waitUntil(() => proxy.seen.filter(({ method }) => method === 'PATCH').length > 0);
    expect(await statusAt(cluster.admin, path)).toMatchObject({ type: 'Failed' });
    expect(recordsOf(await uidAt(path))).toHaveLength(1);
  });

  it('whoever died between the record and the API server hands over what is on the record: one certificate for a request', async () => {
    const made = proxy.make({ kind: 'drop' }, { when: ({ method }) => method === 'PATCH' });
    const mount = await mounting();
    const path = await request(kubelet(cluster.admin, node), mount);
    await vi.waitUntil(() => made.met > 0, { timeout: 20_000, interval: 5 });
    await running.close();
    made.lift();
    running = await InProcess.start(home);
    const status = await answered(cluster.admin, path);
    const records = recordsOf(await uidAt(path)).filter(({ type }) => type === 'certificate.issued');
    expect(records).toHaveLength(1);
    expect(at(records[0]?.certificate, 'serial')).toBe(new X509Certificate(status.chain).serialNumber.toLowerCase());
    expect(status.chain).toContain(home.intermediate.pem);
  });

  it('K-62: a thousand at once, as after the restart of a node, are all answered, each once', {
    timeout: 120_000,
  }, async () => {
    const large = await createNode(cluster.admin);
    const pod = await createPod(cluster.admin, web, { node: large.name, signers: [signerName] });
    const client = kubelet(cluster.admin, large);
    const mount = { account: web, pod, node: large, signerName };
    const stubs = await Promise.all(Array.from({ length: 20 }, () => stub()));
    const paths = await Promise.all(
      Array.from({ length: 1_000 }, (_, n) => request(client, mount, { stubPKCS10Request: stubs[n % stubs.length] })),
    );
    const [collection = ''] = paths[0]?.match(/.*(?=\/)/) ?? [];
    const items = await vi.waitUntil(
      async () => {
        const { items: all } = Object(
          await cluster.admin.get(`${collection}?fieldSelector=spec.nodeName=${large.name}`),
        );
        return [...all].every((item) => at(item, 'status', 'conditions') !== undefined) ? [...all] : undefined;
      },
      { timeout: 100_000, interval: 500 },
    );
    expect(items).toHaveLength(1_000);
    expect(new Set(items.map((item) => at(item, 'status', 'conditions', '0', 'type')))).toEqual(new Set(['Issued']));
    const uids = items.map((item) => at(item, 'metadata', 'uid'));
    const issued = endsIn(running.records).filter(({ type }) => type === 'certificate.issued');
    const times = Map.groupBy(issued, ({ request: asked }) => at(asked, 'id'));
    expect(uids.filter((uid) => times.get(uid)?.length !== 1)).toEqual([]);
  });

  it('A-38: nothing of all this was issued outside policy', () => {
    const { findings, kinds } = replayed(running.records);
    expect(findings).toEqual([]);
    expect(kinds).toMatchObject({ workload: expect.any(Number) });
  });
});
