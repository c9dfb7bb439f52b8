import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { stringify } from 'yaml';
import { documentedAccess } from '#test/distribution/documented-roles.ts';
import { stub } from '#test/e2e/pod-certificates/stubs.ts';
import { describeWith } from '#test/oracles.ts';
import { policyText } from '#test/policy/sidecar.ts';
import { InProcess, quiet } from '#test/server/in-process.ts';
import { at, type TestClient } from '#test/support/control-plane/client.ts';
import type { ControlPlane } from '#test/support/control-plane/control-plane.ts';
import { kubeconfig } from '#test/support/control-plane/kubeconfig.ts';
import { createNamespace, createServiceAccount, grant, requestToken } from '#test/support/control-plane/objects.ts';
import { sharedControlPlane } from '#test/support/control-plane/shared.ts';
import { UnrulyProxy } from '#test/support/control-plane/unruly-proxy.ts';
import { TestHome } from '#test/support/home.ts';
import { endsIn, type LogRecord } from '#test/support/records.ts';
import { replayed } from '#test/support/replayed.ts';
import { newRequest, p256Request } from '#test/support/requests.ts';
import { toPem } from '#x509/pem.ts';

const collection = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const usages = ['digital signature', 'key encipherment', 'server auth', 'client auth'];
const web = 'spiffe://cluster.local/ns/demo/sa/web';
const soon = { timeout: 30_000, interval: 25 };
const never = {
  priority: 30,
  effect: 'deny',
  match: { serviceAccounts: ['banned'] },
  key: undefined,
  validity: undefined,
};

/** What the API server holds of a request's end. */
interface End {
  readonly certificate: string;
  readonly conditions: readonly Readonly<Record<string, unknown>>[];
}

describeWith(['control-plane'], 'CertificateSigningRequests of a registration authority', () => {
  let cluster: ControlPlane;
  let namespace: string;
  let signerName: string;
  let home: TestHome;
  let running: InProcess;
  let proxy: UnrulyProxy;
  let istiod: TestClient;

  beforeAll(async () => {
    cluster = await sharedControlPlane();
    const { admin } = cluster;
    namespace = await createNamespace(admin, { prefix: 'istio' });
    signerName = `mesh.test/${namespace}`;
    istiod = await registrar('istiod');
    const names = { 'mesh.example/istio': signerName };
    proxy = await UnrulyProxy.start(
      await documentedAccess(
        admin,
        { namespace, names },
        ['countersign-approves-signing-requests'],
        'docs/signing-requests.md',
      ),
    );
    home = new TestHome({ config: quiet });
    home.write('kube.yaml', kubeconfig(proxy.access()), 0o600);
    const wide = { priority: 10, validity: { default: '24h', max: '20d', min: '5m' } };
    for (const [name, spec] of Object.entries({ wide, never })) home.write(`${name}.yaml`, policyText({ name, spec }));
    const signingRequests = { signerName, requesters: [`${namespace}/istiod`] };
    const clusterRequests = { kubeconfig: 'kube.yaml', lease: { namespace }, signingRequests };
    const policies = ['wide.yaml', 'never.yaml'];
    home.write('countersign.yaml', stringify({ ...home.config, policies, clusterRequests }));
    running = await InProcess.start(home);
  });
  afterAll(async () => {
    await running?.close();
    await proxy?.[Symbol.asyncDispose]();
    home?.[Symbol.dispose]();
  });

  /** An account that makes such requests and approves them, as istiod's chart lets istiod. */
  async function registrar(name: string): Promise<TestClient> {
    const account = await createServiceAccount(cluster.admin, namespace, name);
    await grant(cluster.admin, account, [
      { apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests'], verbs: ['create', 'get'] },
      { apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests/approval'], verbs: ['update'] },
      { apiGroups: ['certificates.k8s.io'], resources: ['signers'], verbs: ['approve'], resourceNames: [signerName] },
    ]);
    return cluster.client(await requestToken(cluster.admin, account));
  }

  async function make(csr: string, over: Readonly<Record<string, unknown>> = {}, as = istiod): Promise<string> {
    const made = await as.create(collection, {
      metadata: { generateName: 'csr-workload-' },
      spec: { signerName, usages, request: Buffer.from(csr).toString('base64'), ...over },
    });
    return `${collection}/${String(at(made, 'metadata', 'name'))}`;
  }

  async function judge(path: string, type: 'Approved' | 'Denied', as = istiod): Promise<void> {
    const object = Object(await as.get(path));
    const condition = { type, status: 'True', reason: 'Test', message: '' };
    await as.must('PUT', `${path}/approval`, { ...object, status: { conditions: [condition] } });
  }

  async function endAt(path: string): Promise<End | undefined> {
    const status = at(await cluster.admin.get(path), 'status');
    const certificate = String(at(status, 'certificate') ?? '');
    const conditions = Object(at(status, 'conditions') ?? []);
    const failed = [...conditions].some((each) => at(each, 'type') === 'Failed');
    return certificate === '' && !failed
      ? undefined
      : { certificate: Buffer.from(certificate, 'base64').toString(), conditions };
  }

  async function asked(csr: string, over: Readonly<Record<string, unknown>> = {}, as = istiod) {
    const path = await make(csr, over, as);
    await judge(path, 'Approved', as);
    return { path, end: await vi.waitUntil(() => endAt(path), soon) };
  }

  const failedOf = ({ conditions }: End) => conditions.find(({ type }) => type === 'Failed');
  const chainOf = ({ certificate }: End) => certificate.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----\n/g) ?? [];
  const uidAt = async (path: string) => at(await cluster.admin.get(path), 'metadata', 'uid');
  const recordsOf = (uid: unknown): LogRecord[] =>
    endsIn(running.records).filter(({ request }) => at(request, 'id') === uid);

  it('K-46, K-49: an approved request of istiod is signed for whom istiod vouches for, with the root at the end', async () => {
    const { path, end } = await asked(p256Request(web).csr);
    const [leaf = '', intermediate, root, ...more] = chainOf(end);
    expect(end.certificate).toBe([leaf, home.intermediate.pem, home.root.pem].join(''));
    expect([intermediate, root, more]).toEqual([home.intermediate.pem, home.root.pem, []]);
    expect(new X509Certificate(leaf).subjectAltName).toBe(`URI:${web}`);
    const by = `spiffe://cluster.local/ns/${namespace}/sa/istiod`;
    expect(recordsOf(await uidAt(path))).toMatchObject([
      {
        type: 'certificate.issued',
        door: 'kubernetes-csr',
        caller: { authenticator: 'kubernetes-object', identity: by, serviceAccount: 'istiod' },
        onBehalfOf: { identity: web },
        certificate: { sans: [web] },
      },
    ]);
  });

  it('K-41: nothing is written to a request that is not approved, is denied, or is of another signer', async () => {
    const waiting = await make(p256Request(web).csr);
    const denied = await make(p256Request(web).csr);
    await judge(denied, 'Denied');
    const foreign = await make(p256Request(web).csr, { signerName: 'other.test/signer' }, cluster.admin);
    await judge(foreign, 'Approved', cluster.admin);
    await asked(p256Request(web).csr);
    for (const path of [waiting, denied, foreign]) expect(await endAt(path)).toBeUndefined();
    await judge(waiting, 'Approved');
    expect(chainOf(await vi.waitUntil(() => endAt(waiting), soon))).toHaveLength(3);
  });

  it.each([
    [600, 600],
    [86_400, 86_400],
    [90 * 86_400, 20 * 86_400],
    [undefined, 86_400],
  ])('K-43: of %s s asked for, %i are given', async (expirationSeconds, given) => {
    const { path } = await asked(p256Request(web).csr, { expirationSeconds });
    expect(at(recordsOf(await uidAt(path))[0]?.certificate, 'ttl')).toBe(given);
  });

  it('K-47, K-50: a requester who is not listed gets Failed, approved or not, with all that a condition has', async () => {
    const somebody = await registrar('somebody');
    const { path, end } = await asked(p256Request(web).csr, {}, somebody);
    expect(failedOf(end)).toMatchObject({
      status: 'True',
      reason: 'NotPermitted',
      message: expect.stringContaining('somebody is not one of the requesters'),
      lastUpdateTime: expect.any(String),
    });
    expect(end.conditions.some(({ type }) => type === 'Approved')).toBe(true);
    expect(end.certificate).toBe('');
    expect(recordsOf(await uidAt(path))).toMatchObject([{ type: 'certificate.denied', reason: 'authn.failed' }]);
  });

  it.each([
    ['names nobody', async () => toPem('CERTIFICATE REQUEST', Buffer.from(await stub(), 'base64')), 'PolicyDenied'],
    ['names what is no identity', async () => p256Request('spiffe:nobody').csr, 'NotPermitted'],
    ['names a foreign trust domain', async () => p256Request('spiffe://evil.test/ns/demo/sa/web').csr, 'NotPermitted'],
    [
      'names a path that is no account',
      async () => p256Request('spiffe://cluster.local/everything').csr,
      'NotPermitted',
    ],
    ['has a key that policy does not allow', async () => (await newRequest('ec:P-384', web)).csr, 'UnsupportedKey'],
    [
      'is for whom a policy denies',
      async () => p256Request('spiffe://cluster.local/ns/demo/sa/banned').csr,
      'PolicyDenied',
    ],
  ])('K-47: one that %s is Failed for that', async (_, csr, reason) => {
    const { end } = await asked(await csr());
    expect([failedOf(end)?.reason, end.certificate]).toEqual([reason, '']);
  });

  it.each([
    [['digital signature', 'cert sign']],
    [['digital signature', 'server auth']],
    [[...usages, 'code signing']],
  ])('K-47: usages %j are no workload’s', async (wanted) => {
    const { end } = await asked(p256Request(web).csr, { usages: wanted });
    expect(failedOf(end)).toMatchObject({ reason: 'UnsupportedUsages' });
  });

  it('K-42, K-47: an outage writes nothing, and what is written then is what is on the record', async () => {
    const made = proxy.make({ kind: 'answer', status: 503 }, { when: ({ method }) => method === 'PATCH', times: 3 });
    const { path, end } = await asked(p256Request(web).csr);
    made.lift();
    expect(made.met).toBe(3);
    const records = recordsOf(await uidAt(path)).filter(({ type }) => type === 'certificate.issued');
    expect(records).toHaveLength(1);
    const { serialNumber } = new X509Certificate(chainOf(end)[0] ?? '');
    expect(at(records[0]?.certificate, 'serial')).toBe(serialNumber.toLowerCase());
  });

  it('A-38: nothing of all this was issued outside policy', () => {
    const { findings, kinds } = replayed(running.records);
    expect(findings).toEqual([]);
    expect(kinds).toMatchObject({ workload: expect.any(Number) });
  });
});
