import { X509Certificate } from 'node:crypto';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { describeWith } from '#test/oracles.ts';
import { CertManager } from '#test/support/control-plane/cert-manager.ts';
import { at } from '#test/support/control-plane/client.ts';
import { createNamespace, grant } from '#test/support/control-plane/objects.ts';
import { sharedControlPlane } from '#test/support/control-plane/shared.ts';
import { p256Request } from '#test/support/requests.ts';
import type { TestAuthority } from '#test/support/software-ca.ts';
import { Site, Swapped } from './swapped.ts';

const patiently = { timeout: 30_000, interval: 50 };

describeWith(
  ['control-plane', 'set:cert-manager'],
  "istio-csr's Deployment with another image and nothing else: no file, no volume, its rights alone",
  () => {
    let site: Site;
    let certManager: CertManager;
    let root: TestAuthority;
    let server: Swapped;
    const started: Swapped[] = [];
    const logOf = ({ ports }: Swapped) => `/dev/shm/countersign-${process.getuid?.()}-${ports.istio}`;

    beforeAll(async () => {
      const cluster = await sharedControlPlane();
      const namespace = await createNamespace(cluster.admin, { prefix: 'mesh' });
      certManager = await CertManager.start(cluster, namespace);
      root = await certManager.ca('istio-ca');
      site = await Site.make(cluster, namespace);
      server = await start();
      await ready(server);
    });
    afterAll(async () => {
      for (const each of started) {
        await each[Symbol.asyncDispose]();
        rmSync(logOf(each), { recursive: true, force: true });
      }
      await certManager?.[Symbol.asyncDispose]();
      site?.[Symbol.dispose]();
    });

    const start = async (...how: Parameters<typeof Swapped.start> extends [Site, ...infer More] ? More : never) => {
      const swapped = await Swapped.start(site, ...how);
      started.push(swapped);
      return swapped;
    };
    const ready = (swapped: Swapped) =>
      vi.waitFor(async () => {
        expect(await swapped.get('probe', '/readyz'), swapped.lines.join('\n')).toEqual({ status: 200, body: 'ok' });
      }, patiently);
    const ask = async (swapped: Swapped, roots = root.pem) => {
      using agent = await swapped.connect(roots);
      return await agent.call({ csr: p256Request(site.identity).csr, token: site.token });
    };
    const records = ({ output }: Swapped): readonly unknown[] => output.map((line) => JSON.parse(line));
    const types = (swapped: Swapped) => records(swapped).map((record) => at(record, 'type'));
    const rootConfigMap = () =>
      site.cluster.admin.get(`/api/v1/namespaces/${site.workload.namespace}/configmaps/istio-ca-root-cert`);

    it('Istio 93, 4.10 (1, 4): issues under an intermediate that the configured issuer signed', async () => {
      const { code, chain } = await ask(server);
      expect(code).toBe(0);
      const [leaf, own, anchor] = chain.map((pem) => new X509Certificate(pem));
      expect(leaf?.subjectAltName).toBe(`URI:${site.identity}`);
      expect(own?.verify(new X509Certificate(root.pem).publicKey)).toBe(true);
      expect(anchor?.fingerprint256).toBe(new X509Certificate(root.pem).fingerprint256);
    });

    it("Istio 95, 96, 97, 98, 4.10 (3, 6): what istio-csr distributes is there, with istio-csr's rights alone", async () => {
      const map = await vi.waitFor(rootConfigMap, patiently);
      expect(at(map, 'data')).toEqual({ 'root-cert.pem': root.pem });
      const lease = `/apis/coordination.k8s.io/v1/namespaces/${site.namespace}/leases/istio-csr`;
      expect(at(await site.cluster.admin.get(lease), 'spec', 'holderIdentity')).toMatch(/./);
      const { body } = await server.get('metrics', '/metrics');
      expect(body).toContain('cert_manager_istio_csr_tls_provider_certificate_requests{success="1"} 1');
      expect(server.lines.filter((line) => /forbidden/i.test(line))).toEqual([]);
      expect(await certManager.requests()).toEqual([]);
    });

    it('4.10 (2): the log is in memory, each record of it on standard output, and that it passes is told everywhere', async () => {
      expect(readdirSync(server.workingFolder)).toEqual([]);
      expect(readdirSync(logOf(server))).toContain('log.vkey');
      expect(server.lines.join('\n')).toContain('the log is kept only as long as this pod');
      expect((await server.get('metrics', '/metrics')).body).toContain('countersign_audit_log_passing 1');
      await ask(server);
      await vi.waitFor(() => {
        expect(types(server)).toEqual(expect.arrayContaining(['log.opened', 'service.degraded', 'issuer.installed']));
        expect(records(server).filter((record) => at(record, 'door') === 'istio').length).toBeGreaterThanOrEqual(1);
      }, patiently);
      expect(records(server).map((record) => at(record, 'seq'))).toEqual(server.output.map((_, seq) => seq));
    });

    it('Istio 96: where the issuer signs no CA each certificate is relayed as istio-csr asks for it', async () => {
      await using leaves = await certManager.leavesOnly('leaves');
      const { name, kind, group } = leaves.reference;
      const more = [`--issuer-name=${name}`, `--issuer-kind=${kind}`, `--issuer-group=${group}`];
      const relaying = await start(more);
      await ready(relaying);
      const { code, chain } = await ask(relaying, leaves.root.pem);
      expect(code).toBe(0);
      expect(new X509Certificate(chain[0] ?? '').verify(new X509Certificate(leaves.root.pem).publicKey)).toBe(true);
      expect(chain.at(-1)).toBe(leaves.root.pem);
      const [serving, workload] = leaves.signed;
      expect(serving).toMatchObject({
        spec: { usages: ['server auth'] },
        annotations: { 'istio.cert-manager.io/identities': 'istio-csr-serving' },
      });
      expect(workload).toMatchObject({
        spec: { usages: ['client auth', 'server auth'], duration: '3600s' },
        annotations: { 'istio.cert-manager.io/identities': site.identity },
      });
      relaying.terminate();
      expect(await relaying.ended).toBe(0);
    });

    it('Istio 94, 4.10 (5): with a ConfigMap alone that is not there yet it is ready, and serves once it is', async () => {
      const runtime = [
        '--issuer-enabled=false',
        '--runtime-issuance-config-map-name=runtime',
        `--runtime-issuance-config-map-namespace=${site.requests}`,
      ];
      const waiting = await start(runtime);
      await ready(waiting);
      await expect(ask(waiting)).rejects.toThrow(/ECONNREFUSED/);
      await site.cluster.admin.create(`/api/v1/namespaces/${site.requests}/configmaps`, {
        metadata: { name: 'runtime' },
        data: { 'issuer-name': 'istio-ca', 'issuer-kind': 'Issuer', 'issuer-group': 'cert-manager.io' },
      });
      await vi.waitFor(async () => expect((await ask(waiting)).code).toBe(0), patiently);
      expect(waiting.lines.filter((line) => /forbidden/i.test(line))).toEqual([]);
      await site.cluster.admin.delete(`/api/v1/namespaces/${site.requests}/configmaps/runtime`);
      waiting.terminate();
      expect(await waiting.ended).toBe(0);
    });

    it("Istio 97: istiod's Certificate is kept as istio-csr keeps it, and cert-manager makes the Secret of it", async () => {
      const { admin } = site.cluster;
      const lease = await createNamespace(admin, { prefix: 'lease' });
      await grant(
        admin,
        { namespace: site.namespace, name: 'cert-manager-istio-csr' },
        [{ apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'update'] }],
        lease,
      );
      const dynamic = await start([
        `--leader-election-namespace=${lease}`,
        '--istiod-cert-enabled=true',
        `--istiod-cert-namespace=${site.requests}`,
        '--istiod-cert-istio-revisions=default,canary',
        '--istiod-cert-additional-dns-names=istiod.example.org',
        '--istiod-cert-additional-annotations=example.org/a=b',
      ]);
      const kept = `/apis/cert-manager.io/v1/namespaces/${site.requests}/certificates/istiod-dynamic`;
      const certificate = await vi.waitFor(() => admin.get(kept), patiently);
      const spec = {
        commonName: `istiod.${site.requests}.svc`,
        dnsNames: [`istiod.${site.requests}.svc`, `istiod-canary.${site.requests}.svc`, 'istiod.example.org'],
        uris: [`spiffe://cluster.local/ns/${site.requests}/sa/istiod-service-account`],
        secretName: 'istiod-tls',
        duration: '1h0m0s',
        renewBefore: '30m0s',
        privateKey: { rotationPolicy: 'Always', algorithm: 'RSA', size: 2048 },
        revisionHistoryLimit: 1,
        issuerRef: { name: 'istio-ca', kind: 'Issuer', group: 'cert-manager.io' },
      };
      expect(at(certificate, 'spec')).toEqual(spec);
      expect(at(certificate, 'metadata', 'annotations')).toMatchObject({ 'example.org/a': 'b' });
      const data = await vi.waitFor(async () => {
        const secret = await admin.get(`/api/v1/namespaces/${site.requests}/secrets/istiod-tls`);
        return Object(at(secret, 'data'));
      }, patiently);
      expect(Object.keys(data).toSorted()).toEqual(['ca.crt', 'tls.crt', 'tls.key']);
      const leaf = new X509Certificate(Buffer.from(data['tls.crt'], 'base64'));
      expect(leaf.verify(new X509Certificate(root.pem).publicKey)).toBe(true);
      await admin.patch(kept, { spec: { duration: '2h', dnsNames: ['evil.example.org'] } });
      await vi.waitFor(async () => expect(at(await admin.get(kept), 'spec')).toEqual(spec), patiently);
      expect(dynamic.lines.filter((line) => /forbidden/i.test(line))).toEqual([]);
      await admin.delete(kept);
      dynamic.terminate();
      expect(await dynamic.ended).toBe(0);
      await admin.delete(kept).catch(() => undefined);
      await admin.delete(`/api/v1/namespaces/${site.requests}/secrets/istiod-tls`).catch(() => undefined);
    });

    it('Istio 94: is not ready while an issuer that is named gives nothing, and ends when it is told to', async () => {
      const waiting = await start(['--issuer-name=nobody']);
      await vi.waitFor(
        async () => expect((await waiting.get('probe', '/readyz/tls_provider')).status).toBe(500),
        patiently,
      );
      await vi.waitFor(async () => expect(await certManager.requests()).toHaveLength(1), patiently);
      waiting.terminate();
      expect(await waiting.ended).toBe(0);
      await vi.waitFor(async () => expect(await certManager.requests()).toEqual([]), patiently);
    });

    it('the log goes on where a container of the same pod starts again, and another begins when it is full', async () => {
      const { ports } = server;
      const before = server.output.length;
      server.kill();
      await server.ended;
      server = await start([], ports);
      await ready(server);
      await vi.waitFor(() => expect(types(server)).toContain('log.recovered'), patiently);
      expect(at(records(server)[0], 'seq')).toBeGreaterThanOrEqual(before);
      const origins = () =>
        new Set(
          records(server).flatMap((record) =>
            at(record, 'type') === 'log.opened' ? [at(record, 'change', 'origin')] : [],
          ),
        );
      expect(origins().size).toBe(1);
      writeFileSync(join(logOf(server), 'ballast'), Buffer.alloc(41 * 1024 ** 2));
      await vi.waitFor(() => expect(origins().size).toBe(2), patiently);
      await ready(server);
      expect((await ask(server)).code).toBe(0);
      expect(existsSync(join(logOf(server), 'ballast'))).toBe(false);
    });

    it('Istio 91: SIGTERM ends it well', async () => {
      server.terminate();
      expect(await server.ended).toBe(0);
      expect(types(server).at(-1)).toBe('service.stopped');
    });
  },
);
