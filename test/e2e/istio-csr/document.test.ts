import { X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import { describeWith } from '#test/oracles.ts';
import { Agent } from '#test/support/agent.ts';
import { CertManager } from '#test/support/control-plane/cert-manager.ts';
import { at } from '#test/support/control-plane/client.ts';
import { Cluster } from '#test/support/control-plane/cluster.ts';
import { createPod, createServiceAccount, requestToken } from '#test/support/control-plane/objects.ts';
import { repository } from '#test/support/home.ts';
import { p256Request } from '#test/support/requests.ts';
import { ServerProcess } from '#test/support/server-process.ts';
import { type TestAuthority, testAuthority } from '#test/support/software-ca.ts';
import { Reader, section, typedIn, yamlIn } from './document.ts';
import { Site, Swapped } from './swapped.ts';

const patiently = { timeout: 60_000, interval: 100 };
const starting = { timeout: 180_000 };

/** The document names istio-system, cert-manager and what is in them: a cluster of its own has just that. */
describeWith(['control-plane', 'set:cert-manager'], 'docs/istio-csr.md, done as it is written', () => {
  let cluster: Cluster;
  let certManager: CertManager;
  let root: TestAuthority;
  let site: Site;
  let reader: Reader;
  const started: Swapped[] = [];

  beforeAll(async () => {
    cluster = await Cluster.start();
    for (const name of ['istio-system', 'cert-manager'])
      await cluster.admin.create('/api/v1/namespaces', { metadata: { name } });
    certManager = await CertManager.start(cluster, 'istio-system');
    root = await certManager.ca('istio-ca');
    site = await Site.make(cluster, 'istio-system');
    reader = new Reader(cluster);
  }, starting.timeout);
  afterAll(async () => {
    for (const each of started) await each[Symbol.asyncDispose]();
    reader?.[Symbol.dispose]();
    site?.[Symbol.dispose]();
    await certManager?.[Symbol.asyncDispose]();
    await cluster?.stop();
  });

  const ready = async (server: Swapped) =>
    vi.waitFor(async () => {
      expect(await server.get('probe', '/readyz'), server.lines.join('\n')).toEqual({ status: 200, body: 'ok' });
    }, patiently);
  const issues = async (server: Swapped, issuer: (leaf: X509Certificate, above: X509Certificate) => void) => {
    using agent = await server.connect(root.pem);
    const { code, chain } = await agent.call({ csr: p256Request(site.identity).csr, token: site.token });
    expect(code, server.lines.join('\n')).toBe(0);
    const [leaf = '', above = ''] = chain;
    expect(new X509Certificate(leaf).subjectAltName).toBe(`URI:${site.identity}`);
    expect(chain.at(-1)).toBe(root.pem);
    issuer(new X509Certificate(leaf), new X509Certificate(above));
  };

  it(
    '"See what becomes of yours": what is typed there gives a configuration that is checked and serves',
    starting,
    async () => {
      await reader.type(`kubectl apply -f - <<'END'\n${stringify(deployment)}END`);
      const typed = typedIn(section('See what becomes of yours'));
      expect(typed).toHaveLength(2);
      for (const line of typed) await reader.type(line);
      // what its comments say has to be done first, where there is something to do
      const words = reader.read('countersign.yaml');
      expect(words).toMatch(/^# {3}- Policy: copy policies\/istio\.yaml beside this file/m);
      await reader.type(`mkdir -p policies && cp '${join(repository, 'policies/istio.yaml')}' policies/`);
      const [, command = ''] = /^# {3}- Log: .*?`(countersign [^`]+)`/m.exec(words) ?? [];
      await reader.type(command);
      expect(existsSync(reader.path('audit/log.key'))).toBe(true);
      await reader.type('countersign config check countersign.yaml');
      // outside the pod: another way to the API server, and other ports
      const config = reachable(parse(words), site.home.path('kubeconfig'));
      reader.write('countersign.yaml', stringify(config));
      await using server = await ServerProcess.start(reader);
      await vi.waitFor(async () => expect((await server.get('/readyz')).status, server.stderr).toBe(200), patiently);
      using agent = await Agent.connect({ port: server.istio.port, roots: root.pem });
      const { code, chain } = await agent.call({ csr: p256Request(site.identity).csr, token: site.token });
      expect([code, chain.at(-1)]).toEqual([0, root.pem]);
    },
  );

  it(
    '"With a file": the file beside the arguments of the chart, and the key made as its comment says',
    starting,
    async () => {
      const [file = ''] = yamlIn(section('With a file'));
      const [, command = ''] = /# (countersign audit make-key \S+)$/m.exec(file) ?? [];
      reader.write('file/countersign.yaml', file);
      await reader.type(`cd file && ${command}`);
      const server = await start('file', ['--issuer-enabled=true']);
      await ready(server);
      await issues(server, (leaf, intermediate) => {
        expect(leaf.verify(intermediate.publicKey)).toBe(true);
        expect(intermediate.verify(new X509Certificate(root.pem).publicKey)).toBe(true);
      });
      await vi.waitFor(() => expect(existsSync(reader.path('file/audit/log/checkpoint'))).toBe(true), patiently);
      server.terminate();
      expect(await server.ended).toBe(0);
    },
  );

  it(
    '"Or an intermediate whose key is yours": the Certificate is one, and what its Secret holds signs, also after a renewal',
    starting,
    async () => {
      const part = section('Or an intermediate whose key is yours');
      const [certificate = '', issuers = ''] = yamlIn(part);
      const [file = ''] = yamlIn(section('With a file'));
      expect(part).toContain('--issuer-enabled=false');
      // cert-manager's controller of Certificates stands aside: the object is taken, and its Secret is what it would be
      await reader.type(`kubectl apply -f - <<'END'\n${certificate}END`);
      const wanted: unknown = parse(certificate);
      expect(at(wanted, 'spec', 'issuerRef', 'name')).toBe('istio-ca');
      const mesh = (renews?: TestAuthority) =>
        testAuthority({
          commonName: String(at(wanted, 'spec', 'commonName')),
          issuer: root,
          ...(renews && { renews }),
        });
      const first = mesh();
      const own = { ...Object(parse(file)), ...Object(parse(issuers)) };
      reader.write('own/countersign.yaml', stringify(own));
      reader.write('own/issuers/mesh.pem', first.pem);
      reader.write('own/issuers/mesh.key', first.keyPem, 0o600);
      reader.write('own/roots.pem', root.pem);
      await reader.type('cd own && countersign audit make-key audit/log.key');
      const server = await start('own', ['--issuer-enabled=false']);
      await ready(server);
      const signedBy = (authority: TestAuthority) =>
        issues(server, (leaf, intermediate) => {
          expect(intermediate.fingerprint256).toBe(new X509Certificate(authority.pem).fingerprint256);
          expect(leaf.verify(intermediate.publicKey)).toBe(true);
        });
      await signedBy(first);
      const renewed = mesh(first);
      reader.write('own/issuers/mesh.pem', renewed.pem);
      await vi.waitFor(() => signedBy(renewed), patiently);
      server.terminate();
      expect(await server.ended).toBe(0);
    },
  );

  it('"Switch, and back": the Lease and the roots of either are those of the other', async () => {
    const lease = await reader.type(`kubectl -n ${site.namespace} get lease istio-csr -o jsonpath='{.metadata.name}'`);
    expect(lease).toBe('istio-csr');
    const map = await reader.type(
      `kubectl -n ${site.workload.namespace} get configmap istio-ca-root-cert -o jsonpath='{.data.root-cert\\.pem}'`,
    );
    expect(map.trim()).toBe(root.pem.trim());
  });

  it('the table "What stays, and what differs" is so for tokens', starting, async () => {
    const server = await start('file', ['--issuer-enabled=true']);
    await ready(server);
    const account = await createServiceAccount(cluster.admin, site.workload.namespace, 'vm');
    const pod = await createPod(cluster.admin, account);
    const identity = `spiffe://cluster.local/ns/${account.namespace}/sa/vm`;
    for (const bound of [{ pod }, {}]) {
      using agent = await server.connect(root.pem);
      const token = await requestToken(cluster.admin, account, { audiences: ['istio-ca'], ...bound });
      expect(await agent.call({ csr: p256Request(identity).csr, token })).toMatchObject({ code: 0 });
    }
  });

  /** With the file in that folder of the reader's as its home. */
  async function start(folder: string, more: readonly string[]): Promise<Swapped> {
    const server = await Swapped.start(site, more, undefined, reader.path(folder));
    started.push(server);
    return server;
  }
});

/** What was printed for the pod, for a server beside the cluster. */
function reachable(config: unknown, kubeconfig: string): unknown {
  const { istio, admin, issuers, authenticators, distribution, ...rest } = Object(config);
  return {
    ...rest,
    istio: {
      ...istio,
      listen: '127.0.0.1:0',
      serving: { ...istio.serving, dnsNames: [...istio.serving.dnsNames, 'localhost'] },
    },
    admin: { ...admin, listen: '127.0.0.1:0', probe: { ...admin.probe, listen: '127.0.0.1:0' } },
    issuers: [{ ...issuers[0], certManager: { ...issuers[0].certManager, kubeconfig } }],
    authenticators: [{ kubernetes: { ...authenticators[0].kubernetes, kubeconfig } }],
    distribution: { ...distribution, kubeconfig },
  };
}

/** As istio-csr's chart installs it, with its usual values. */
const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'cert-manager-istio-csr', namespace: 'cert-manager' },
  spec: {
    selector: { matchLabels: { app: 'cert-manager-istio-csr' } },
    template: {
      metadata: { labels: { app: 'cert-manager-istio-csr' } },
      spec: {
        containers: [
          {
            name: 'cert-manager-istio-csr',
            image: 'istio-csr.test/istio-csr:1',
            args: [
              '--log-level=1',
              '--metrics-port=9402',
              '--readiness-probe-port=6060',
              '--readiness-probe-path=/readyz',
              '--certificate-namespace=istio-system',
              '--issuer-enabled=true',
              '--issuer-name=istio-ca',
              '--issuer-kind=Issuer',
              '--issuer-group=cert-manager.io',
              '--root-ca-file=',
              '--serving-certificate-dns-names=cert-manager-istio-csr.cert-manager.svc',
              '--serving-certificate-duration=1h',
              '--trust-domain=cluster.local',
              '--cluster-id=Kubernetes',
              '--max-client-certificate-duration=1h',
              '--serving-address=0.0.0.0:6443',
              '--leader-election-namespace=istio-system',
              '--runtime-issuance-config-map-namespace=istio-system',
              '--istiod-cert-enabled=false',
              '--ca-trusted-node-accounts=',
            ],
          },
        ],
      },
    },
  },
};
