import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Undecided } from '#test/e2e/signing-requests/undecided.ts';
import { describeWith } from '#test/oracles.ts';
import { deny, policyText } from '#test/policy/sidecar.ts';
import { at, type TestClient } from '#test/support/control-plane/client.ts';
import { createServiceAccount, grant, requestToken } from '#test/support/control-plane/objects.ts';
import { queuesAtWork } from '#test/support/queues.ts';
import { endsIn } from '#test/support/records.ts';
import { testAuthority } from '#test/support/software-ca.ts';
import { buildCsr, dns as dnsName, ecKey, san } from '#test/x509/csr/build.ts';
import { sequence } from '#x509/der/writer.ts';
import { toPem } from '#x509/pem.ts';
import { Site } from './site.ts';

const collection = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const soon = { timeout: 30_000, interval: 25 };
const starting = { timeout: 120_000 };
const server = ['digital signature', 'key encipherment', 'server auth'];

describeWith(['control-plane', 'set:cert-manager'], 'issuers as signers of CertificateSigningRequests', () => {
  let site: Site;
  let asker: TestClient;
  const clusterSigner = 'clusterissuers.countersign.dev/edge.mesh';

  beforeAll(async () => {
    site = await Site.start({ signerNames: 'answer' }, { mayApprove: true, trustBundles: 'write' });
    await site.issuer('ClusterIssuer', 'edge.mesh', { defaultDuration: '48h' });
    await site.issuer('ClusterIssuer', 'roots', { isCA: true, issuer: 'upper' });
    await site.issuer('Issuer', 'gate.way', {});
    asker = await account('asker');
  }, starting.timeout);
  afterAll(async () => {
    await site?.[Symbol.asyncDispose]();
  });

  async function account(name: string): Promise<TestClient> {
    const { admin } = site.cluster;
    const made = await createServiceAccount(admin, site.namespace, name);
    await grant(admin, made, [
      { apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests'], verbs: ['create'] },
    ]);
    return site.cluster.client(await requestToken(admin, made));
  }

  interface Ask {
    readonly usages?: readonly string[];
    readonly expirationSeconds?: number;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly as?: TestClient;
    readonly dns?: string;
  }

  /** The status once it has an end. */
  async function asked(
    signerName: string,
    { annotations = {}, as = asker, dns = 'a.shop.example', ...over }: Ask = {},
  ) {
    const parts = { key: ecKey('P-256'), subject: sequence(), extensions: [san(dnsName(dns))] };
    const csr = toPem('CERTIFICATE REQUEST', buildCsr(parts));
    const made = await as.create(collection, {
      metadata: { generateName: 'test-', annotations },
      spec: { signerName, usages: server, request: Buffer.from(csr).toString('base64'), ...over },
    });
    const { admin } = site.cluster;
    const path = `${collection}/${String(at(made, 'metadata', 'name'))}`;
    const condition = { type: 'Approved', status: 'True', reason: 'Test', message: '' };
    await admin.must('PUT', `${path}/approval`, {
      ...Object(await admin.get(path)),
      status: { conditions: [condition] },
    });
    return await vi.waitUntil(async () => {
      const status = at(await admin.get(path), 'status');
      const certificate = Buffer.from(String(at(status, 'certificate') ?? ''), 'base64').toString();
      const conditions: unknown[] = [...Object(at(status, 'conditions') ?? [])];
      const failed = conditions.find((each) => at(each, 'type') === 'Failed');
      if (certificate === '' && failed === undefined) return undefined;
      return { certificate, reason: at(failed, 'reason'), message: at(failed, 'message') };
    }, soon);
  }

  const lifetimeOf = (pem: string) => {
    const { validFromDate, validToDate } = new X509Certificate(pem);
    return (validToDate.getTime() - validFromDate.getTime()) / 1000;
  };

  it('K-43: signs by the name of a ClusterIssuer, dots in it or not, for its default lifetime, and without the root', async () => {
    const { certificate } = await asked(clusterSigner);
    expect(lifetimeOf(certificate)).toBe(48 * 3600);
    expect(certificate.endsWith(site.home.intermediate.pem)).toBe(true);
    const [record] = endsIn(site.running.records).slice(-1);
    expect(record).toMatchObject({
      door: 'kubernetes-csr',
      caller: {
        issuerRef: 'clusterissuers/edge.mesh',
        user: { name: `system:serviceaccount:${site.namespace}:asker` },
      },
    });
    const { body } = await site.running.get('/metrics');
    expect(queuesAtWork(body)).toEqual(expect.arrayContaining(['issuer-certificatesigningrequests', 'issuers']));
  });

  it('K-44: the annotation beats expirationSeconds; one that cannot be read, or is under ten minutes, fails the request', async () => {
    const duration = (text: string) => ({ annotations: { 'experimental.cert-manager.io/request-duration': text } });
    expect(lifetimeOf((await asked(clusterSigner, { expirationSeconds: 7200 })).certificate)).toBe(7200);
    const both = await asked(clusterSigner, { expirationSeconds: 7200, ...duration('3h') });
    expect(lifetimeOf(both.certificate)).toBe(3 * 3600);
    expect(await asked(clusterSigner, duration('soon'))).toMatchObject({ reason: 'ErrorParseDuration' });
    expect(await asked(clusterSigner, duration('599s'))).toMatchObject({ reason: 'InvalidDuration' });
  });

  it('K-45: the annotation for a CA counts only where the issuer allows CAs', async () => {
    const isCa = { annotations: { 'experimental.cert-manager.io/request-is-ca': 'true' } };
    expect(await asked(clusterSigner, isCa)).toMatchObject({
      reason: 'PolicyDenied',
      message: expect.stringContaining('spec.isCA is false'),
    });
    const usages = ['cert sign', 'crl sign', 'digital signature'];
    const { certificate } = await asked('clusterissuers.countersign.dev/roots', { ...isCa, usages });
    expect(new X509Certificate(certificate).ca).toBe(true);
    const plain = await asked('clusterissuers.countersign.dev/roots');
    expect(new X509Certificate(plain.certificate).ca).toBe(false);
  });

  it('K-48: an Issuer of a namespace signs for whom the cluster lets reference it', async () => {
    const signer = `issuers.countersign.dev/${site.namespace}.gate.way`;
    expect(await asked(signer)).toMatchObject({
      reason: 'DeniedReference',
      message: expect.stringContaining('may not reference signers of countersign.dev'),
    });
    const { admin } = site.cluster;
    for (const [name, resourceNames] of [
      ['one', ['gate.way']],
      ['all', ['*']],
    ] as const) {
      const made = await createServiceAccount(admin, site.namespace, `may-${name}`);
      const rule = { apiGroups: ['countersign.dev'], resources: ['signers'], verbs: ['reference'], resourceNames };
      await grant(admin, made, [rule], site.namespace);
      const create = {
        apiGroups: ['certificates.k8s.io'],
        resources: ['certificatesigningrequests'],
        verbs: ['create'],
      };
      await grant(admin, made, [create]);
      const as = site.cluster.client(await requestToken(admin, made));
      expect((await asked(signer, { as })).reason).toBeUndefined();
    }
  });

  it('K-63, K-64: a ClusterIssuer has a ClusterTrustBundle from when it comes, kept to the roots in force and mended, which ends with it', async () => {
    const { admin } = site.cluster;
    const issuers = '/apis/countersign.dev/v1alpha1/clusterissuers';
    const bundles = '/apis/certificates.k8s.io/v1beta1/clustertrustbundles';
    const nameOf = (issuer: string) => `clusterissuers.countersign.dev:${issuer}:roots`;
    const specOf = async (issuer: string) => at((await admin.ask('GET', `${bundles}/${nameOf(issuer)}`)).body, 'spec');
    const isKept = (issuer: string, trustBundle: string) =>
      vi.waitFor(async () => {
        const signerName = `clusterissuers.countersign.dev/${issuer}`;
        expect(await specOf(issuer)).toEqual({ signerName, trustBundle });
      }, soon);
    const all = site.home.root.pem + site.upperRoot;
    await isKept('edge.mesh', all);
    await site.issuer('ClusterIssuer', 'late', {});
    await isKept('late', all);
    const bundle = await admin.get(`${bundles}/${nameOf('late')}`);
    const { uid } = Object(at(await admin.get(`${issuers}/late`), 'metadata'));
    const owner = { apiVersion: 'countersign.dev/v1alpha1', kind: 'ClusterIssuer', name: 'late', uid };
    expect(at(bundle, 'metadata', 'ownerReferences')).toEqual([owner]);
    const next = testAuthority({ commonName: 'Test root of next year' });
    site.home.write('roots.pem', site.home.root.pem + next.pem);
    await site.running.server.reload();
    const both = site.home.root.pem + next.pem + site.upperRoot;
    for (const issuer of ['edge.mesh', 'roots', 'late']) await isKept(issuer, both);
    const spoilt = { ...Object(await admin.get(`${bundles}/${nameOf('late')}`)) };
    await admin.must('PUT', `${bundles}/${nameOf('late')}`, {
      ...spoilt,
      spec: { ...spoilt.spec, trustBundle: next.pem },
    });
    await isKept('late', both);
    const heard = async () =>
      Number(/^workqueue_adds_total\{name="issuers"\} (\d+)$/m.exec((await site.running.get('/metrics')).body)?.[1]);
    const before = await heard();
    await admin.delete(`${issuers}/late`);
    await vi.waitUntil(async () => (await heard()) > before, soon);
    // what the collector of a whole cluster does, which this one has not
    await admin.delete(`${bundles}/${nameOf('late')}`);
    site.home.write('roots.pem', site.home.root.pem);
    await site.running.server.reload();
    await isKept('edge.mesh', all);
    expect(await specOf('late')).toBeUndefined();
    const found: unknown[] = Object(at(await admin.get(bundles), 'items'));
    expect([...found].map((each) => at(each, 'metadata', 'name')).toSorted()).toEqual(
      ['edge.mesh', 'roots'].map(nameOf),
    );
  });

  it('K-50: what the policy does not give fails the request, though it was approved', async () => {
    expect(await asked(clusterSigner, { usages: ['digital signature', 'code signing'] })).toMatchObject({
      reason: 'InvalidRequest',
      message: expect.stringContaining('codeSigning'),
    });
  });

  describe('where policy approves', () => {
    let requests: Undecided;
    let csr: string;
    beforeAll(async () => {
      csr = toPem(
        'CERTIFICATE REQUEST',
        buildCsr({ subject: sequence(), extensions: [san(dnsName('a.shop.example'))] }),
      );
      requests = new Undecided(site.cluster.admin, clusterSigner);
      const closed = {
        priority: 900,
        match: { users: ['system:serviceaccount:*:stranger'] },
        message: 'not for strangers',
      };
      site.home.write('closed.yaml', policyText({ name: 'closed', spec: deny(closed) }));
      await site.restart({
        policies: ['named.yaml', 'authorities.yaml', 'closed.yaml'],
        clusterRequests: {
          ...{ kubeconfig: 'kube.yaml', lease: { namespace: site.namespace } },
          certificateRequests: { retryFor: '1m', signerNames: 'answer', signerNamesApproval: 'policy' },
        },
      });
    }, starting.timeout);

    it('what nobody has decided about is approved for whom the API server names, and signed', async () => {
      const path = await requests.make(asker, csr, { usages: server });
      const { certificate } = await requests.ended(path);
      expect(lifetimeOf(certificate)).toBe(48 * 3600);
      expect(await requests.saidOf(path)).toEqual(['Approved PolicyApproved']);
      const uid = await requests.uidOf(path);
      const records = site.running.records.filter(({ request }) => at(request, 'id') === uid);
      const user = { name: `system:serviceaccount:${site.namespace}:asker` };
      const common = { door: 'kubernetes-csr', caller: { issuerRef: 'clusterissuers/edge.mesh', user } };
      expect(records).toMatchObject([
        { type: 'request.approved', ...common },
        { type: 'certificate.issued', ...common },
      ]);
    });

    const isCa = { 'experimental.cert-manager.io/request-is-ca': 'true' };
    it.each([
      [
        'of whom a policy bans',
        async () => requests.make(await account('stranger'), csr, { usages: server }),
        ['PolicyDenied', 'not for strangers'],
      ],
      [
        'of who may not reference the Issuer',
        () =>
          requests.make(asker, csr, {
            signerName: `issuers.countersign.dev/${site.namespace}.gate.way`,
            usages: server,
          }),
        ['DeniedReference', 'may not reference signers'],
      ],
      [
        'for a CA that the issuer does not give',
        () => requests.make(asker, csr, { usages: server }, isCa),
        ['PolicyDenied', 'spec.isCA is false'],
      ],
    ])('a request %s is denied', async (_, made, [reason = '', sentence = '']) => {
      const { certificate, conditions } = await requests.ended(await made());
      expect(conditions).toMatchObject([{ type: 'Denied', reason, message: expect.stringContaining(sentence) }]);
      expect(certificate).toBe('');
    });

    it('K-29: one whose issuer is not there is left alone until it is', async () => {
      const path = await requests.make(asker, csr, {
        signerName: 'clusterissuers.countersign.dev/late',
        usages: server,
      });
      await requests.ended(await requests.make(asker, csr, { usages: server }));
      expect(await requests.at(path)).toEqual({ certificate: '', conditions: [] });
      await site.issuer('ClusterIssuer', 'late', {});
      expect((await requests.ended(path)).certificate).toMatch(/^-----BEGIN/);
      expect(await requests.saidOf(path)).toEqual(['Approved PolicyApproved']);
    });
  });
});
