import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { stringify } from 'yaml';
import { documentedAccess } from '#test/distribution/documented-roles.ts';
import { describeWith } from '#test/oracles.ts';
import { policyText } from '#test/policy/sidecar.ts';
import { InProcess, quiet } from '#test/server/in-process.ts';
import { at, type TestClient } from '#test/support/control-plane/client.ts';
import type { ControlPlane } from '#test/support/control-plane/control-plane.ts';
import { kubeconfig } from '#test/support/control-plane/kubeconfig.ts';
import { createNamespace, createServiceAccount, grant, requestToken } from '#test/support/control-plane/objects.ts';
import { sharedControlPlane } from '#test/support/control-plane/shared.ts';
import { type Seen, UnrulyProxy } from '#test/support/control-plane/unruly-proxy.ts';
import { TestHome } from '#test/support/home.ts';
import type { LogRecord } from '#test/support/records.ts';
import { newRequest, p256Request } from '#test/support/requests.ts';
import { Undecided } from './undecided.ts';

const soon = { timeout: 30_000, interval: 25 };
const idOf = (serviceAccount: string) => `spiffe://cluster.local/ns/demo/sa/${serviceAccount}`;
const wide = (...serviceAccounts: readonly string[]) => ({ priority: 10, match: { serviceAccounts } });
const never = {
  priority: 30,
  effect: 'deny',
  match: { serviceAccounts: ['banned'] },
  message: 'this account has been closed',
  key: undefined,
  validity: undefined,
};
const isApproval = ({ method, path }: Seen) => method === 'PATCH' && path.endsWith('/approval');
const isAnswer = ({ method, path }: Seen) => method === 'PATCH' && path.endsWith('/status');

describeWith(['control-plane'], 'CertificateSigningRequests that policy approves', () => {
  let cluster: ControlPlane;
  let namespace: string;
  let home: TestHome;
  let running: InProcess;
  let proxy: UnrulyProxy;
  let requests: Undecided;
  let authority: TestClient;

  beforeAll(async () => {
    cluster = await sharedControlPlane();
    const { admin } = cluster;
    namespace = await createNamespace(admin, { prefix: 'authority' });
    const signerName = `mesh.test/${namespace}`;
    requests = new Undecided(admin, signerName);
    authority = await maker('authority');
    const names = { 'mesh.example/istio': signerName };
    proxy = await UnrulyProxy.start(
      await documentedAccess(admin, { namespace, names }, [], 'docs/signing-requests.md'),
    );
    home = new TestHome({ config: quiet });
    home.write('kube.yaml', kubeconfig(proxy.access()), 0o600);
    home.write('wide.yaml', policyText({ name: 'wide', spec: wide('web') }));
    home.write('never.yaml', policyText({ name: 'never', spec: never }));
    const signingRequests = { signerName, requesters: [`${namespace}/authority`], approval: 'policy' };
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

  /** Who may make such requests, and nothing else. */
  async function maker(name: string): Promise<TestClient> {
    const account = await createServiceAccount(cluster.admin, namespace, name);
    await grant(cluster.admin, account, [
      { apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests'], verbs: ['create'] },
    ]);
    return cluster.client(await requestToken(cluster.admin, account));
  }

  const make = (serviceAccount = 'web', as = authority) =>
    requests.make(as, p256Request(idOf(serviceAccount)).csr, { expirationSeconds: 3600 });
  const recordsOf = async (path: string): Promise<LogRecord[]> => {
    const uid = await requests.uidOf(path);
    return running.records.filter(({ request }) => at(request, 'id') === uid);
  };
  const typesOf = async (path: string) => (await recordsOf(path)).map(({ type }) => type);

  it('approves what policy permits and signs it, with both on the record, and says by which policy', async () => {
    const path = await make();
    const { certificate, conditions } = await requests.ended(path);
    expect(new X509Certificate(certificate).subjectAltName).toBe(`URI:${idOf('web')}`);
    expect(conditions).toEqual([
      {
        type: 'Approved',
        status: 'True',
        reason: 'PolicyApproved',
        message: expect.stringMatching(/^policy "wide" permits it \(priority 10, policy set [0-9a-f]{16}\)/),
        lastUpdateTime: expect.any(String),
        lastTransitionTime: expect.any(String),
      },
    ]);
    const by = `spiffe://cluster.local/ns/${namespace}/sa/authority`;
    const common = {
      door: 'kubernetes-csr',
      outcome: 'success',
      caller: { identity: by, authenticator: 'kubernetes-object' },
      onBehalfOf: { identity: idOf('web') },
      decision: { policy: 'wide', priority: 10, mode: 'enforce' },
    };
    const [approved, issued, ...more] = await recordsOf(path);
    expect([approved, issued, more]).toMatchObject([
      { type: 'request.approved', ...common },
      { type: 'certificate.issued', ...common },
      [],
    ]);
    expect(approved).not.toHaveProperty('certificate');
    const { body } = await running.get('/metrics');
    expect(body).toMatch(
      /countersign_cluster_requests_total\{kind="certificatesigningrequests",outcome="approved"\} 1/,
    );
  });

  it.each([
    ['whom a policy bans', () => make('banned'), 'PolicyDenied', 'this account has been closed', 'policy.denied'],
    [
      'a key that policy does not allow',
      async () => requests.make(authority, (await newRequest('ec:P-384', idOf('web'))).csr),
      'UnsupportedKey',
      'ec:P-384',
      'key.not-allowed',
    ],
    [
      'usages that no workload has',
      () => requests.make(authority, p256Request().csr, { usages: ['digital signature', 'code signing'] }),
      'UnsupportedUsages',
      'usages: ',
      'csr.extension',
    ],
    [
      'a maker who is no requester',
      async () => make('web', await maker('somebody')),
      'NotPermitted',
      'somebody is not one of the requesters',
      'authn.failed',
    ],
  ])('denies %s with the sentence, and has it on the record once', async (_, made, reason, sentence, code) => {
    const path = await made();
    const { certificate, conditions } = await requests.ended(path);
    expect(conditions).toMatchObject([
      { type: 'Denied', status: 'True', reason, message: expect.stringContaining(sentence) },
    ]);
    expect(certificate).toBe('');
    expect(await recordsOf(path)).toMatchObject([{ type: 'certificate.denied', reason: code }]);
  });

  it('leaves alone what no policy speaks of, until one does', async () => {
    const path = await make('later');
    await vi.waitUntil(async () => (await recordsOf(path))[0]?.reason === 'policy.no-match', soon);
    expect(await requests.at(path)).toEqual({ certificate: '', conditions: [] });
    home.write('wide.yaml', policyText({ name: 'wide', spec: wide('web', 'later') }));
    await running.server.reload();
    expect((await requests.ended(path)).certificate).toMatch(/^-----BEGIN/);
    expect(await requests.saidOf(path)).toEqual(['Approved PolicyApproved']);
  });

  it('is tried again where it could not be said, and stands on the record once', async () => {
    const away = proxy.make({ kind: 'answer', status: 503 }, { when: isApproval, times: 3 });
    const path = await make();
    await requests.ended(path);
    away.lift();
    expect(away.met).toBe(3);
    expect(await typesOf(path)).toEqual(['request.approved', 'certificate.issued']);
  });

  /** Does something to a request after it was decided, and before that is said. Resolves with its path. */
  async function between(what: (path: string) => Promise<unknown>): Promise<string> {
    const done = Promise.withResolvers<void>();
    const held = proxy.make({ kind: 'hold', until: done.promise }, { when: isApproval, times: 1 });
    const path = await make();
    await vi.waitUntil(() => held.met === 1, soon);
    await what(path);
    done.resolve();
    held.lift();
    return path;
  }

  it('another who denies it meanwhile has the last word', async () => {
    const path = await between((each) => requests.decide(each, 'Denied'));
    // whatever is made after it is worked on after it
    await requests.ended(await make());
    expect(await requests.at(path)).toMatchObject({
      certificate: '',
      conditions: [{ type: 'Denied', reason: 'Other' }],
    });
    expect(await requests.saidOf(path)).toEqual(['Denied Other']);
    expect(await typesOf(path)).toEqual(['request.approved']);
  });

  it('another who approves it meanwhile is not contradicted, and it is signed', async () => {
    const path = await between((each) => requests.decide(each, 'Approved'));
    expect((await requests.ended(path)).certificate).toMatch(/^-----BEGIN/);
    expect(await requests.saidOf(path)).toEqual(['Approved Other']);
  });

  it('what changed since it was decided is decided anew', async () => {
    const path = await between((each) => cluster.admin.patch(each, { metadata: { annotations: { a: 'b' } } }));
    expect((await requests.ended(path)).certificate).toMatch(/^-----BEGIN/);
    expect(await requests.saidOf(path)).toEqual(['Approved PolicyApproved']);
    expect(await typesOf(path)).toEqual(['request.approved', 'request.approved', 'certificate.issued']);
  });

  it('a server that stops between approval and certificate signs it once it is back, and approves nothing again', async () => {
    const away = proxy.make({ kind: 'answer', status: 503 }, { when: isAnswer });
    const path = await make();
    await vi.waitUntil(async () => (await requests.saidOf(path)).length === 1 && away.met > 0, soon);
    await running.close();
    away.lift();
    running = await InProcess.start(home);
    const { certificate } = await requests.ended(path);
    expect(await typesOf(path)).toEqual(['request.approved', 'certificate.issued']);
    const serial = at((await recordsOf(path))[1]?.certificate, 'serial');
    expect(serial).toBe(new X509Certificate(certificate).serialNumber.toLowerCase());
  });
});
