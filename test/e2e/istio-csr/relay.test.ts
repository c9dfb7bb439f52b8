import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { entrySchema } from '#audit/schema.ts';
import { explain } from '#policy/explain.ts';
import { loadPolicySet } from '#policy/load.ts';
import { Refusal } from '#refusal/refusal.ts';
import { having, names, san, uri } from '#test/issuance/outside/outside-ca.ts';
import { describeWith, repository } from '#test/oracles.ts';
import { CertManager } from '#test/support/control-plane/cert-manager.ts';
import { at } from '#test/support/control-plane/client.ts';
import { createNamespace } from '#test/support/control-plane/objects.ts';
import { sharedControlPlane } from '#test/support/control-plane/shared.ts';
import { askOpenssl } from '#test/support/judges.ts';
import { questionIn, surroundingsIn } from '#test/support/rebuild.ts';
import { type LogRecord, recordsOf } from '#test/support/records.ts';
import { replayed } from '#test/support/replayed.ts';
import { newRequest, p256Request } from '#test/support/requests.ts';
import { type TestAuthority, testAuthority } from '#test/support/software-ca.ts';
import { buildCsr, ecKey, istioSubject, san as sanOf, uri as uriOf } from '#test/x509/csr/build.ts';
import { toPem } from '#x509/pem.ts';
import { ForeignIssuer, group, istioWith, Relaying, Site } from './relayed.ts';

const patiently = { timeout: 30_000, interval: 50 };
/** Several calls and renewals, one after another. */
const slowly = { timeout: 90_000 };
const failed = { code: 13, message: 'failed to sign certificate request' };

describeWith(
  ['control-plane', 'set:cert-manager', 'openssl'],
  "a server that relays to cert-manager's CA issuer, with istio-csr's rights",
  (path) => {
    let site: Site;
    let certManager: CertManager;
    let root: TestAuthority;
    let server: Relaying;
    let istiod: string;
    beforeAll(async () => {
      const cluster = await sharedControlPlane();
      site = await Site.make(cluster, ['web', 'db']);
      istiod = await createNamespace(cluster.admin, { prefix: 'istiod' });
      certManager = await CertManager.start(cluster, site.namespace);
      root = await certManager.ca('istio-ca');
      const distribution = {
        kubeconfig: 'admin',
        lease: { namespace: site.namespace, name: 'istio-csr' },
        rootConfigMap: { namespaceSelector: site.label },
        istiod: { namespace: istiod },
      };
      const home = await site.home({ issuer: { name: 'istio-ca' } }, { ...istioWith('3s'), distribution });
      server = await Relaying.start(home, root.pem);
    });
    afterAll(async () => {
      await server?.[Symbol.asyncDispose]();
      await certManager?.[Symbol.asyncDispose]();
    });

    const ask = async (workload = 'web', csr = p256Request(site.identity(workload)).csr) => {
      using agent = await server.connect();
      return await agent.call({ csr, token: site.token(workload) });
    };
    const secret = () => site.cluster.admin.get(`/api/v1/namespaces/${istiod}/secrets/istiod-tls`);
    const text = (object: unknown, key: string) =>
      Buffer.from(String(at(object, 'data', key)), 'base64').toString('latin1');

    it('Istio 79–82, 85, 96: a certificate is made by the issuer, on the record with its CertificateRequest, which is gone afterwards', async () => {
      // istiod's own certificate is asked for in the same namespace
      const whose = (event: unknown) =>
        at(event, 'object', 'metadata', 'annotations', 'istio.cert-manager.io/identities');
      const seen: unknown[] = [];
      const watching = (async () => {
        for await (const event of site.cluster.admin.watch(`${site.requestsPath}?watch=1`)) {
          if (whose(event) !== site.identity('web')) continue;
          seen.push(event);
          if (at(event, 'type') === 'DELETED') return;
        }
      })();
      const { code, chain } = await ask();
      expect(code).toBe(0);
      await watching;
      const [made] = seen.map((event) => at(event, 'object'));
      const leaf = new X509Certificate(chain[0] ?? '');
      expect(leaf.subjectAltName).toBe(`URI:${site.identity('web')}`);
      expect(leaf.verify(new X509Certificate(root.pem).publicKey)).toBe(true);
      expect(chain).toEqual([chain[0], root.pem]);
      expect(askOpenssl(path('openssl'), { name: 'relayed', chain })).toEqual(['leaf: OK\n', 'leaf: OK\n']);
      const name = at(made, 'metadata', 'name');
      const record = server.records().find((each) => at(each, 'outside', 'name') === name);
      expect(record).toMatchObject({
        type: 'certificate.issued',
        outside: {
          namespace: site.namespace,
          name,
          uid: at(made, 'metadata', 'uid'),
          issuer: 'Issuer.cert-manager.io/istio-ca',
        },
        certificate: { profile: 'outside', serial: leaf.serialNumber.toLowerCase().replace(/^00/, '') },
        certificateDer: leaf.raw.toString('base64'),
      });
    });

    it('Istio 61, 63: the requests of agents, whatever their keys, come back as they should', async () => {
      const agents = toPem(
        'CERTIFICATE REQUEST',
        buildCsr({
          key: ecKey('P-256'),
          subject: istioSubject(),
          extensions: [sanOf(uriOf(site.identity('web')))],
        }),
      );
      const { csr: rsa } = await newRequest('rsa:2048', site.identity('web'));
      const { csr: p384 } = await newRequest('ec:P-384', site.identity('web'));
      for (const csr of [agents, rsa, p384]) {
        const { code, chain } = await ask('web', csr);
        expect(code).toBe(0);
        expect(askOpenssl(path('openssl'), { name: 'relayed', chain })).toEqual(['leaf: OK\n', 'leaf: OK\n']);
      }
    });

    it('many at once each get their own', async () => {
      using agent = await server.connect();
      const answers = await Promise.all(
        Array.from({ length: 30 }, (_, n) => {
          const workload = n % 2 === 0 ? 'web' : 'db';
          return agent.call({ csr: p256Request(site.identity(workload)).csr, token: site.token(workload) });
        }),
      );
      expect(answers.map(({ code }) => code)).toEqual(Array(30).fill(0));
      expect(answers.map(({ chain }) => new X509Certificate(chain[0] ?? '').subjectAltName)).toEqual(
        answers.map((_, n) => `URI:${site.identity(n % 2 === 0 ? 'web' : 'db')}`),
      );
    });

    it('Istio 84, 86: the roots that the issuer names are those that every namespace has', async () => {
      const map = `/api/v1/namespaces/${site.place}/configmaps/istio-ca-root-cert`;
      await vi.waitFor(
        async () => expect(at(await site.cluster.admin.get(map), 'data')).toEqual({ 'root-cert.pem': root.pem }),
        patiently,
      );
      const changed = recordsOf(server.home).filter(({ type }) => type === 'trustbundle.changed');
      expect(changed).toMatchObject([{ actor: { method: 'certificate' } }]);
    });

    it("Istio 97: istiod's certificate is made by the issuer too, for both ends of a connection", async () => {
      const object = await vi.waitFor(secret, patiently);
      const leaf = new X509Certificate(text(object, 'tls.crt'));
      expect(leaf.verify(new X509Certificate(root.pem).publicKey)).toBe(true);
      expect(leaf.subjectAltName).toContain(`URI:spiffe://cluster.local/ns/${istiod}/sa/istiod-service-account`);
      expect(leaf.keyUsage?.toSorted()).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
      expect(text(object, 'ca.crt')).toBe(root.pem);
      expect(server.records('internal').map(({ type }) => type)).toEqual(['certificate.issued', 'certificate.issued']);
    });

    it('A-4, P-45: each decision is made again alike from the record', () => {
      const records = recordsOf(server.home);
      const set = loadPolicySet([join(repository, 'policies/istio.yaml')], Date.now());
      const around = surroundingsIn(records);
      const issued = server.records().filter(({ type }) => type === 'certificate.issued');
      expect(issued.length).toBeGreaterThan(30);
      for (const record of issued) expect(permittedAgain(record)).toEqual(at(record.decision, 'permitted'));

      function permittedAgain(record: LogRecord) {
        const { answer } = explain(questionIn(record, around), set);
        if (answer instanceof Refusal) throw answer;
        const time = (seconds: number) => new Date(seconds * 1000).toISOString();
        const drawn = at(record.decision, 'permitted', 'drawn');
        return { drawn, ttl: answer.ttl, notBefore: time(answer.notBefore), notAfter: time(answer.notAfter) };
      }
    });

    it('A-38: nothing of all this was issued outside policy', () => {
      const { findings, kinds } = replayed(recordsOf(server.home));
      expect(findings).toEqual([]);
      expect(kinds).toEqual({ relayed: expect.any(Number), serving: 2 });
    });

    it('A-1: every record is of the published form', () => {
      const validate = new Ajv({ strict: true, allErrors: true }).compile(entrySchema);
      for (const record of recordsOf(server.home)) {
        expect(validate(record), JSON.stringify([validate.errors, record])).toBe(true);
      }
    });

    it('Istio 84: an issuer that comes to stand under another root is followed by itself', slowly, async () => {
      const second = testAuthority({ commonName: 'Second root' });
      const before = root.pem;
      const encoded = (pem: string) => Buffer.from(pem).toString('base64');
      const data = { 'tls.crt': encoded(second.pem), 'tls.key': encoded(second.keyPem) };
      await site.cluster.admin.patch(`/api/v1/namespaces/${site.namespace}/secrets/istio-ca`, { data });
      server.trust(before + second.pem);
      await vi.waitFor(async () => expect((await ask()).chain.at(-1)).toBe(second.pem), patiently);
      const refused = server.records().filter(({ reason }) => reason === 'profile.lint');
      expect(refused[0]).toMatchObject({ message: expect.stringContaining('no certificate of its issuer is at hand') });
      expect(recordsOf(server.home).filter(({ type }) => type === 'trustbundle.changed')).toHaveLength(2);
    });

    // last: nothing is signed meanwhile
    it('Istio 87: while the issuer hangs callers are told to come again within the bound, and it serves on afterwards', async () => {
      await certManager.pause();
      const answers = await Promise.all(Array.from({ length: 5 }, () => ask()));
      expect(new Set(answers.map(({ code }) => code))).toEqual(new Set([14]));
      certManager.resume();
      expect((await ask()).code).toBe(0);
      await vi.waitFor(async () => expect(await site.requests()).toEqual([]), patiently);
      const late = server.records().find(({ reason }) => reason === 'deadline');
      expect(late).toMatchObject({ type: 'certificate.failed', outside: { namespace: site.namespace } });
    });
  },
);

describeWith(['control-plane', 'set:cert-manager'], 'a server that relays to an issuer with a mind of its own', () => {
  const ca = testAuthority({ commonName: 'Foreign issuer' });
  let site: Site;
  let certManager: CertManager;
  let issuer: ForeignIssuer;
  let server: Relaying;
  beforeAll(async () => {
    const cluster = await sharedControlPlane();
    site = await Site.make(cluster, ['web', 'denied', 'silent', 'stolen']);
    // Its kinds, and its approver's hands off what is not its own.
    certManager = await CertManager.start(cluster, site.namespace);
    issuer = new ForeignIssuer(site, ca, (identity, shape) => {
      if (identity.endsWith('/denied')) return 'denied';
      if (identity.endsWith('/silent')) return undefined;
      if (identity.endsWith('/stolen')) return having(shape, { [san]: names(true, uri(site.identity('web'))) });
      return shape;
    });
    const home = await site.home({ roots: ca.pem, issuer: { name: 'any', kind: 'Any', group } }, istioWith('2s'));
    server = await Relaying.start(home, ca.pem);
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    await issuer?.[Symbol.asyncDispose]();
    await certManager?.[Symbol.asyncDispose]();
  });

  const begin = async (workload: string) => {
    const agent = await server.connect();
    return agent.begin({ csr: p256Request(site.identity(workload)).csr, token: site.token(workload) });
  };
  const ask = async (workload: string) => (await begin(workload)).answer;
  const lastEnd = () => server.records().at(-1);
  const none = () => vi.waitFor(async () => expect(await site.requests()).toEqual([]), patiently);

  it('a denial is the answer, on the record with what was denied, and the request is gone', async () => {
    expect(await ask('denied')).toMatchObject(failed);
    expect(lastEnd()).toMatchObject({
      type: 'certificate.failed',
      reason: 'issuer.denied',
      message: expect.stringContaining('not for you'),
      outside: { namespace: site.namespace, issuer: `Any.${group}/any` },
    });
    await none();
  });

  it("a certificate of another's name is not released, and its digest is on the record", async () => {
    expect(await ask('stolen')).toMatchObject(failed);
    expect(lastEnd()).toMatchObject({
      type: 'certificate.failed',
      reason: 'profile.lint',
      message: expect.stringContaining('subjectAltName'),
      certificate: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
  });

  it('Istio 87, 88: one that is never answered ends within the bound, and holds up nobody meanwhile', async () => {
    const silent = await begin('silent');
    await vi.waitFor(async () => expect(await site.requests()).toHaveLength(1), patiently);
    for (let n = 0; n < 5; n++) expect((await ask('web')).code).toBe(0);
    expect((await silent.answer).code).toBe(14);
    const late = { reason: 'deadline', outside: expect.objectContaining({ namespace: site.namespace }) };
    await vi.waitFor(
      () => expect(server.records().map(({ reason, outside }) => ({ reason, outside }))).toContainEqual(late),
      patiently,
    );
    await none();
  });

  it('Istio 90: who goes away has its request taken back', async () => {
    const silent = await begin('silent');
    await vi.waitFor(async () => expect(await site.requests()).toHaveLength(1), patiently);
    silent.cancel();
    await none();
    await vi.waitFor(() => expect(lastEnd()).toMatchObject({ reason: 'cancelled' }), patiently);
  });
});
