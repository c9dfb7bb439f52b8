import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { OutsideOrder } from '#issuance/ports.ts';
import { connect } from '#kubernetes/connect.ts';
import { readKubeconfig } from '#kubernetes/kubeconfig.ts';
import { Refusal } from '#refusal/refusal.ts';
import { describeWith } from '#test/oracles.ts';
import { CertManager, certManagerApi } from '#test/support/control-plane/cert-manager.ts';
import { at } from '#test/support/control-plane/client.ts';
import type { ControlPlane } from '#test/support/control-plane/control-plane.ts';
import {
  createNamespace,
  createServiceAccount,
  grant,
  serviceAccountKubeconfig,
} from '#test/support/control-plane/objects.ts';
import { sharedControlPlane } from '#test/support/control-plane/shared.ts';
import { p256Request, web } from '#test/support/requests.ts';
import type { TestAuthority } from '#test/support/software-ca.ts';
import { CertificateRequests, type CertificateRequestsOptions } from '#upstream/certificate-requests.ts';
import type { IssuerReference } from '#upstream/issuer-reference.ts';
import { NamedIssuer } from '#upstream/named-issuer.ts';
import { documentedRules } from './documented-rules.ts';

const patiently = { timeout: 30_000, interval: 20 };
const nobody = new AbortController().signal;

describeWith(
  ['control-plane', 'set:cert-manager'],
  "cert-manager's own issuers, with the documented rights alone",
  () => {
    let cluster: ControlPlane;
    let namespace: string;
    let certManager: CertManager;
    let kubeconfig: string;
    let root: TestAuthority;
    const started: { stop(): Promise<void> }[] = [];

    beforeAll(async () => {
      cluster = await sharedControlPlane();
      namespace = await createNamespace(cluster.admin, { prefix: 'upstream' });
      certManager = await CertManager.start(cluster, namespace);
      root = await certManager.ca('istio-ca');
      const account = await createServiceAccount(cluster.admin, namespace, 'cert-manager-istio-csr');
      await grant(cluster.admin, account, documentedRules('countersign-requests'), namespace);
      kubeconfig = await serviceAccountKubeconfig(cluster, account);
    });
    afterAll(async () => {
      await Promise.all(started.map((each) => each.stop()));
      await certManager?.[Symbol.asyncDispose]();
    });

    const path = (name = '') => `${certManagerApi}/namespaces/${namespace}/certificaterequests${name && `/${name}`}`;
    const client = () => connect(readKubeconfig(kubeconfig, { file: 'test', folder: '/' }));
    const own: IssuerReference = { name: 'istio-ca', kind: 'Issuer', group: 'cert-manager.io' };
    const foreign: IssuerReference = { name: 'any', kind: 'Any', group: 'ca.example.com' };
    let processes = 0;

    function issuer(options: Partial<CertificateRequestsOptions> = {}): CertificateRequests {
      const requests = new CertificateRequests({
        api: client(),
        namespace,
        issuer: () => own,
        annotations: {},
        preserve: false,
        timeoutMs: 20_000,
        maxInFlight: 50,
        requester: `test-${++processes}`,
        ...options,
      });
      requests.start();
      started.push(requests);
      return requests;
    }

    const order = (more: Partial<OutsideOrder> = {}): OutsideOrder => ({
      csr: p256Request().csr,
      seconds: 3600,
      purpose: 'workload',
      label: web,
      ...more,
    });
    const all = async (selector = ''): Promise<readonly unknown[]> => {
      const items = at(await cluster.admin.get(`${path()}${selector}`), 'items');
      if (!Array.isArray(items)) throw new Error('no list');
      return items;
    };
    const nameOf = (object: unknown) => String(at(object, 'metadata', 'name'));
    const ofProcess = (n: number) => `?labelSelector=countersign.dev/requester=test-${n}`;
    const none = (n = processes) => vi.waitFor(async () => expect(await all(ofProcess(n))).toEqual([]), patiently);
    const one = (n = processes) =>
      vi.waitFor(async () => {
        const [only, ...more] = await all(ofProcess(n));
        expect(more).toEqual([]);
        if (only === undefined) throw new Error('none yet');
        return only;
      }, patiently);
    const setStatus = (name: string, status: unknown) => cluster.admin.patch(`${path(name)}/status`, { status });
    const refusalOf = (work: Promise<unknown>): Promise<Refusal> =>
      work.then(
        () => Promise.reject(new Error('it was issued')),
        (thrown: unknown) => (thrown instanceof Refusal ? thrown : Promise.reject(thrown)),
      );

    it('Istio 96: a request is what istio-csr makes, is signed, and is gone afterwards', async () => {
      const seen: unknown[] = [];
      const watching = (async () => {
        for await (const event of cluster.admin.watch(`${path()}?watch=1`)) {
          seen.push(event);
          if (at(event, 'type') === 'DELETED') return;
        }
      })();
      const { csr } = p256Request();
      const requests = issuer({ annotations: { 'example.org/team': 'mesh' } });
      const answer = await requests.request(order({ csr }), nobody);
      const leaf = new X509Certificate(answer.chain);
      expect(leaf.subjectAltName).toBe(`URI:${web}`);
      expect(leaf.verify(new X509Certificate(root.pem).publicKey)).toBe(true);
      expect(new X509Certificate(answer.ca).fingerprint256).toBe(new X509Certificate(root.pem).fingerprint256);
      await watching;
      const [first] = seen.map((event) => at(event, 'object'));
      expect(nameOf(first)).toMatch(/^istio-csr-[a-z0-9]+$/);
      expect(at(first, 'metadata', 'annotations')).toMatchObject({
        'istio.cert-manager.io/identities': web,
        'example.org/team': 'mesh',
      });
      expect(at(first, 'spec')).toEqual({
        duration: '3600s',
        isCA: false,
        request: Buffer.from(csr).toString('base64'),
        usages: ['client auth', 'server auth'],
        issuerRef: own,
      });
      expect(answer.trail).toEqual({
        namespace,
        name: nameOf(first),
        uid: at(first, 'metadata', 'uid'),
        issuer: 'Issuer.cert-manager.io/istio-ca',
      });
    });

    it('many at the same time share one watch, each gets its own, and nothing is left', async () => {
      const requests = issuer();
      const names = Array.from({ length: 20 }, (_, n) => `spiffe://cluster.local/ns/demo/sa/web-${n}`);
      const answers = await Promise.all(
        names.map((label) => requests.request(order({ label, csr: p256Request(label).csr }), nobody)),
      );
      expect(answers.map(({ chain }) => new X509Certificate(chain).subjectAltName)).toEqual(
        names.map((name) => `URI:${name}`),
      );
      await none();
    });

    it('a CA certificate is one, as SPIRE asks for it', async () => {
      const { chain } = await issuer().request(order({ purpose: 'authority', label: 'intermediate' }), nobody);
      const certificate = new X509Certificate(chain);
      expect(certificate.ca).toBe(true);
      await none();
    });

    const ends: readonly (readonly [string, unknown, string, RegExp])[] = [
      [
        'Denied',
        { conditions: [{ type: 'Denied', status: 'True', reason: 'Policy', message: 'not for you' }] },
        'issuer.denied',
        /said no: Denied: Policy: not for you/,
      ],
      [
        'Ready=False, Failed',
        { conditions: [{ type: 'Ready', status: 'False', reason: 'Failed', message: 'no more' }] },
        'issuer.denied',
        /said no: Ready: Failed: no more/,
      ],
      [
        'InvalidRequest',
        { conditions: [{ type: 'InvalidRequest', status: 'True', reason: 'Bad', message: 'usages' }] },
        'issuer.denied',
        /said no: InvalidRequest: Bad: usages/,
      ],
      [
        'Denied beside a certificate',
        {
          conditions: [{ type: 'Denied', status: 'True', reason: 'Policy', message: 'no' }],
          certificate: Buffer.from('x').toString('base64'),
        },
        'issuer.denied',
        /Denied: Policy: no/,
      ],
    ];
    it.each(ends)('Istio 96: %s ends a request, which is deleted', async (_, status, code, words) => {
      const asking = refusalOf(issuer({ issuer: () => foreign }).request(order(), nobody));
      await setStatus(nameOf(await one()), status);
      const refusal = await asking;
      expect(refusal.code).toBe(code);
      expect(refusal.message).toMatch(words);
      await none();
    });

    it('what is still being worked on ends nothing, and a certificate without a condition ends it', async () => {
      const asking = issuer({ issuer: () => foreign }).request(order(), nobody);
      const name = nameOf(await one());
      await setStatus(name, { conditions: [{ type: 'Ready', status: 'False', reason: 'Pending', message: 'later' }] });
      await setStatus(name, { certificate: Buffer.from(root.pem).toString('base64') });
      expect(await asking).toMatchObject({ chain: root.pem, ca: '' });
      await none();
    });

    it('a request that somebody deletes has no answer', async () => {
      const asking = refusalOf(issuer({ issuer: () => foreign }).request(order(), nobody));
      await cluster.admin.delete(path(nameOf(await one())));
      expect(await asking).toMatchObject({ code: 'issuer.unavailable', message: expect.stringContaining('deleted') });
    });

    it('a wait has an end, tells what was last heard, and leaves nothing', async () => {
      const requests = issuer({ issuer: () => ({ ...own, name: 'nobody' }), timeoutMs: 1_000 });
      const refusal = await refusalOf(requests.request(order(), nobody));
      expect(refusal.code).toBe('issuer.unavailable');
      expect(refusal.message).toMatch(/Issuer\.cert-manager\.io\/nobody gave no certificate within 1000 ms \(.+\)/);
      await none();
    });

    it('whoever goes away is not waited for, and leaves nothing', async () => {
      const going = new AbortController();
      const asking = refusalOf(issuer({ issuer: () => foreign }).request(order(), going.signal));
      await one();
      going.abort(new Refusal('deadline', 'the call has no time left'));
      expect(await asking).toMatchObject({ code: 'deadline' });
      await none();
    });

    it('what went away before it was known to be made is deleted when it shows', async () => {
      const going = new AbortController();
      const api = client();
      const requests = issuer({
        api: {
          ...api,
          lines: (request) => api.lines(request),
          close: () => api.close(),
          async ask(request) {
            const { signal: _, ...whole } = request;
            const answer = await api.ask(request.method === 'POST' ? whole : request);
            if (request.method === 'POST') going.abort();
            if (request.method === 'POST') throw new Error('cut');
            return answer;
          },
        },
        issuer: () => foreign,
      });
      expect(await refusalOf(requests.request(order(), going.signal))).toMatchObject({ code: 'cancelled' });
      await none();
    });

    it('one more than may be open is refused at once', async () => {
      const requests = issuer({ issuer: () => foreign, maxInFlight: 1 });
      const going = new AbortController();
      const first = refusalOf(requests.request(order(), going.signal));
      expect(await refusalOf(requests.request(order(), nobody))).toMatchObject({ code: 'overload' });
      going.abort();
      await first;
      await none();
    });

    it('a missing right is no verdict, and what the API server will not take is one', async () => {
      const elsewhere = await createNamespace(cluster.admin, { prefix: 'elsewhere' });
      expect(await refusalOf(issuer({ namespace: elsewhere }).request(order(), nobody))).toMatchObject({
        code: 'issuer.unavailable',
        message: expect.stringContaining('403'),
      });
      expect(await refusalOf(issuer().request(order({ label: 'x'.repeat(300_000) }), nobody))).toMatchObject({
        code: 'issuer.denied',
      });
    });

    it('preserved requests stay', async () => {
      await issuer({ preserve: true }).request(order(), nobody);
      const kept = await one();
      expect(at(kept, 'status', 'certificate')).toMatch(/./);
      // another that ends later shows that deletions had their time
      await issuer().request(order(), nobody);
      await none();
      expect(await all(ofProcess(processes - 1))).toHaveLength(1);
    });

    it('what a process that died left behind is swept once nobody can wait for it; nothing else is touched', async () => {
      const make = async (requester: string, annotations: Record<string, string>) => {
        const object = {
          apiVersion: 'cert-manager.io/v1',
          kind: 'CertificateRequest',
          metadata: { generateName: 'istio-csr-', labels: { 'countersign.dev/requester': requester }, annotations },
          spec: { request: 'YQ==', issuerRef: foreign },
        };
        return nameOf(await cluster.admin.create(path(), object));
      };
      const until = (ms: number) => ({ 'countersign.dev/expires': new Date(Date.now() + ms).toISOString() });
      const dead = await make('dead', until(-3_600_000));
      const alive = await make('other', until(30_000));
      const kept = await make('other', {});
      issuer();
      await vi.waitFor(async () => expect((await all()).map(nameOf)).not.toContain(dead), patiently);
      expect((await all()).map(nameOf)).toEqual(expect.arrayContaining([alive, kept]));
    });

    it('Istio 94: the runtime ConfigMap names the issuer of the next request, half a name changes nothing, and without it there is the fixed one', async () => {
      const maps = `/api/v1/namespaces/${namespace}/configmaps`;
      const heard: string[] = [];
      const following = (fixed?: IssuerReference) => {
        const named = new NamedIssuer({
          ...(fixed && { fixed }),
          runtime: { api: client(), configMap: 'issuer', namespace },
          onTrouble: (reason) => heard.push(reason),
        });
        named.start();
        started.push(named);
        return named;
      };
      const withFixed = following(foreign);
      const without = following();
      const requests = issuer({ issuer: () => without.current });
      expect(await refusalOf(requests.request(order(), nobody))).toMatchObject({ code: 'issuer.unavailable' });
      const data = { 'issuer-name': 'istio-ca', 'issuer-kind': 'Issuer', 'issuer-group': 'cert-manager.io' };
      await cluster.admin.create(maps, { metadata: { name: 'issuer' }, data });
      await vi.waitFor(() => expect([withFixed.current, without.current]).toEqual([own, own]), patiently);
      expect((await requests.request(order(), nobody)).trail.issuer).toBe('Issuer.cert-manager.io/istio-ca');
      await cluster.admin.patch(`${maps}/issuer`, { data: { 'issuer-kind': '' } });
      await vi.waitFor(() => expect(heard.filter((reason) => /not all there/.test(reason))).toHaveLength(2), patiently);
      expect([withFixed.current, without.current]).toEqual([own, own]);
      await cluster.admin.delete(`${maps}/issuer`);
      await vi.waitFor(() => expect([withFixed.current, without.current]).toEqual([foreign, undefined]), patiently);
    });

    // last: nothing is signed meanwhile
    it('an issuer that hangs holds up nobody but those who wait for it', async () => {
      await certManager.pause();
      const requests = issuer({ timeoutMs: 1_000 });
      const waiting = Array.from({ length: 5 }, () => refusalOf(requests.request(order(), nobody)));
      for (const { code } of await Promise.all(waiting)) expect(code).toBe('issuer.unavailable');
      certManager.resume();
      await issuer().request(order(), nobody);
      await none();
    });
  },
);
