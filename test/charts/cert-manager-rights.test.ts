import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { describeWith } from '#test/oracles.ts';
import { Agent } from '#test/support/agent.ts';
import { CertManager, certManagerApi } from '#test/support/control-plane/cert-manager.ts';
import { at } from '#test/support/control-plane/client.ts';
import type { ControlPlane } from '#test/support/control-plane/control-plane.ts';
import { createNamespace, createPod, createServiceAccount, requestToken } from '#test/support/control-plane/objects.ts';
import { sharedControlPlane } from '#test/support/control-plane/shared.ts';
import { UnrulyProxy } from '#test/support/control-plane/unruly-proxy.ts';
import { p256Request } from '#test/support/requests.ts';
import type { TestAuthority } from '#test/support/software-ca.ts';
import { render, type Values } from './helm.ts';
import { Installed, rightsIn } from './installed.ts';

const said = vi.hoisted((): string[] => []);
vi.mock('#telemetry/log/sink.ts', () => ({ descriptorSink: () => ({ write: (line: string) => said.push(line) }) }));

const patiently = { timeout: 30_000, interval: 50 };

/** Nothing but what cert-manager's part needs: the rest has tests of its own. */
const alone: Values = {
  app: { tls: { certificateDNSNames: ['localhost'], istiodCertificateEnable: false } },
  kubernetes: { mode: 'review' },
  distribution: { rootConfigMap: { enabled: false } },
};
const named: Values = { app: { runtimeConfiguration: { create: true }, certmanager: { issuer: { enabled: false } } } };

/** And istiod's certificate, which cert-manager makes. */
const controlled: Values = { app: { tls: { istiodCertificateEnable: true } } };

describeWith(
  ['set:helm', 'set:cert-manager', 'control-plane'],
  'a release that an issuer of cert-manager signs for',
  () => {
    let cluster: ControlPlane;
    let certManager: CertManager;
    let authority: TestAuthority;
    beforeAll(async () => {
      cluster = await sharedControlPlane();
      certManager = await CertManager.start(cluster, await createNamespace(cluster.admin, { prefix: 'issuers' }));
      authority = await certManager.ca('istio-ca');
    });
    afterAll(() => certManager?.[Symbol.asyncDispose]());

    /** Requests are made where the issuer is. */
    const place = (): Values => ({ app: { certmanager: { namespace: certManager.namespace } } });

    async function issue(port: number): Promise<number> {
      const { admin } = cluster;
      const account = await createServiceAccount(admin, await createNamespace(admin, { prefix: 'shop' }), 'web');
      const pod = await createPod(admin, account);
      const token = await requestToken(admin, account, { audiences: ['istio-ca'], pod });
      using agent = await Agent.connect({ port, roots: authority.pem });
      const { csr } = p256Request(`spiffe://cluster.local/ns/${account.namespace}/sa/web`);
      return (await agent.call({ csr, token })).code;
    }

    const certificates = (namespace: string) => `${certManagerApi}/namespaces/${namespace}/certificates`;

    /** A Certificate of somebody else's in the place of ours. */
    async function occupy(namespace: string): Promise<void> {
      await cluster.admin.create(certificates(namespace), {
        apiVersion: 'cert-manager.io/v1',
        kind: 'Certificate',
        metadata: { name: 'istiod-dynamic' },
        spec: { secretName: 'other', dnsNames: ['other.example'], issuerRef: { name: 'other' } },
      });
    }

    it("has cert-manager make istiod's certificate, and so needs no right on Secrets", async () => {
      using installed = await Installed.make(cluster, { values: [alone, controlled, place()] });
      expect(JSON.stringify(installed.manifests.filter(({ kind }) => kind === 'Role'))).not.toContain('secrets');
      await using replica = await installed.start();
      await replica.ready();
      const made = await vi.waitFor(
        () => cluster.admin.get(`${certificates(installed.namespace)}/istiod-dynamic`),
        patiently,
      );
      expect(at(made, 'spec', 'secretName')).toBe('istiod-tls');
      expect(replica.lines.filter((line) => /forbidden/i.test(line))).toEqual([]);
    });

    it.each([
      ['by an intermediate, with the values as they come', [alone]],
      ['by relaying', [alone, { app: { certmanager: { way: 'relay' } } }]],
      ['by an issuer that a ConfigMap names', [alone, named]],
    ])('issues %s, and is asked for nothing that it may not', async (_, values) => {
      using installed = await Installed.make(cluster, { values: [...values, place()] });
      await using replica = await installed.start();
      expect(await issue((await replica.ready()).istio)).toBe(0);
      expect(await replica.metrics()).toMatch(
        /^countersign_certificate_requests_total\{issuer="mesh",outcome="issued"\} [1-9]/m,
      );
      expect(replica.lines.filter((line) => /forbidden/i.test(line))).toEqual([]);
    });

    it('asks for a request of its own by name where the watch says nothing', async () => {
      await using proxy = await UnrulyProxy.start(cluster.facts.access);
      const requests = /\/certificaterequests\/[^/]+$/;
      proxy.make({ kind: 'hang' }, { when: ({ watch, path }) => watch && path.endsWith('/certificaterequests') });
      const through = (token: string) => proxy.access(token);
      using installed = await Installed.make(cluster, { values: [alone, place()], through });
      await using replica = await installed.start();
      expect(await issue((await replica.ready()).istio)).toBe(0);
      expect(proxy.seen.some(({ method, path }) => method === 'GET' && requests.test(path))).toBe(true);
    });

    describe.concurrent('one right less: it is missed, so none is too much', async () => {
      const manifests = await render([alone, named, controlled], { release: 'rights', namespace: 'rights' });
      // what is asked for by name goes without a word where it may not be: the test above has seen it
      const rights = rightsIn(manifests).filter(
        ({ role, verb }) => role.includes('istiod') || (role.includes('certificate-requests') && verb !== 'get'),
      );

      it.each(rights)(
        '$verb $resource',
        async (right) => {
          await using proxy = await UnrulyProxy.start(cluster.facts.access);
          if (right.verb === 'list')
            proxy.make({ kind: 'answer', status: 422 }, { when: ({ query }) => query.has('sendInitialEvents') });
          using installed = await Installed.make(cluster, {
            values: [alone, named, controlled, place()],
            without: right,
            through: (token: string) => proxy.access(token),
          });
          if (right.verb === 'update') await occupy(installed.namespace);
          const stop = new AbortController();
          // without that right it may never come to serve
          const server = installed.startHere(stop.signal);
          const words = new RegExp(`${installed.namespace}.*cannot ${right.verb} resource .{0,3}"${right.resource}`);
          await vi.waitFor(() => expect(said.some((line) => words.test(line))).toBe(true), patiently);
          stop.abort();
          await (await server.catch(() => undefined))?.close();
        },
        60_000,
      );
    });
  },
);
