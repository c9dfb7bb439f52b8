import { X509Certificate } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { describeWith } from '#test/oracles.ts';
import type { Agent, Answer } from '#test/support/agent.ts';
import { at } from '#test/support/control-plane/client.ts';
import { createSecret, requestToken, type TokenOptions } from '#test/support/control-plane/objects.ts';
import { sharedControlPlane } from '#test/support/control-plane/shared.ts';
import { p256Request } from '#test/support/requests.ts';
import { buildCsr, commonName, dns, ecKey, san, uri } from '#test/x509/csr/build.ts';
import { toPem } from '#x509/pem.ts';
import { dockerfile, Site, Swapped } from './swapped.ts';

const patiently = { timeout: 30_000, interval: 50 };
const labels = 'grpc_type="unary",grpc_service="istio.v1.auth.IstioCertificateService",grpc_method="CreateCertificate"';
const refused = { code: 16, message: 'request authenticate failure' };

const ready = async (server: Swapped) => {
  const early = server.ended.then((code) =>
    Promise.reject(new Error(`ended with ${code}:\n${server.lines.join('\n')}`)),
  );
  const answers = vi.waitFor(
    async () =>
      expect(await server.get('probe', '/readyz'), server.lines.join('\n')).toEqual({ status: 200, body: 'ok' }),
    patiently,
  );
  early.catch(() => {});
  await Promise.race([answers, early]);
};

describe('4.10 (2), the image', () => {
  it('runs as a number, listens above 1023 and starts with the arguments of its Deployment alone', () => {
    const text = dockerfile();
    expect(text).toMatch(/^USER 65532:65532$/m);
    expect(text).toMatch(/^ENTRYPOINT \["node", "\/app\/src\/cli\/main\.ts"\]$/m);
    for (const [, ports = ''] of text.matchAll(/^EXPOSE (.+)$/gm))
      for (const port of ports.split(' ')) expect(Number(port)).toBeGreaterThan(1023);
  });
});

describeWith(['control-plane'], "istio-csr's Deployment with another image", () => {
  let site: Site;
  let server: Swapped;
  let beforeStart: readonly string[];
  beforeAll(async () => {
    site = await Site.make(await sharedControlPlane());
    beforeStart = besideTheLog(site);
    server = await Swapped.start(site);
    await ready(server);
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    site?.[Symbol.dispose]();
  });

  const ask = async (agent: Agent, csr = p256Request(site.identity).csr, ttl = '0'): Promise<Answer> =>
    agent.call({ csr, token: site.token, validity_duration: ttl });
  const alone = async (csr?: string, ttl?: string): Promise<Answer> => {
    using agent = await server.connect();
    return await ask(agent, csr, ttl);
  };
  const metric = async (series: string) => {
    const { body } = await server.get('metrics', '/metrics');
    return Number(
      body
        .split('\n')
        .find((line) => line.startsWith(`${series} `))
        ?.split(' ')
        .at(-1),
    );
  };
  const rootConfigMap = () =>
    site.cluster.admin.get(`/api/v1/namespaces/${site.workload.namespace}/configmaps/istio-ca-root-cert`);

  it("Istio 93, 4.10 (1): starts with the chart's arguments, empty values included, and issues", async () => {
    const { code, chain } = await alone();
    expect(code).toBe(0);
    const leaf = new X509Certificate(chain[0] ?? '');
    expect(leaf.subjectAltName).toBe(`URI:${site.identity}`);
    expect(chain.at(-1)).toBe(site.home.root.pem);
  });

  it('4.10 (2): needs no home and no temporary folder, and writes nowhere but to the volume of its log', () => {
    expect(besideTheLog(site)).toEqual(beforeStart);
    expect(readdirSync(server.workingFolder)).toEqual([]);
    expect(readdirSync(site.home.path('audit'))).toContain('log.vkey');
  });

  it("4.10 (3): needs no right that istio-csr's chart does not grant", async () => {
    await vi.waitFor(rootConfigMap, patiently);
    expect((await alone()).code).toBe(0);
    expect(server.lines.filter((line) => /forbidden/i.test(line))).toEqual([]);
  });

  it("4.10 (4): does not put its own keys in the place of cert-manager's issuer unless told", async () => {
    for (const more of [['--issuer-enabled=true'], ['-e']]) {
      await using other = await Swapped.start(site, more);
      expect(await other.ended).toBe(2);
      expect(other.lines.join('\n')).toMatch(
        /--issuer-name: .*Issuer\.cert-manager\.io\/istio-ca.*--issuer-enabled=false/,
      );
    }
  });

  it('Istio 94, 4.10 (5): is ready when it has a serving certificate and listens; who waits for a later issuer is told, and waits for nothing', async () => {
    for (const path of ['/readyz', '/readyz/tls_provider', '/readyz/grpc_server', '/readyz?exclude=tls_provider'])
      expect(await server.get('probe', path)).toEqual({ status: 200, body: 'ok' });
    expect((await server.get('probe', '/readyz?verbose')).body).toMatch(/^\[\+\]tls_provider ok$/m);
    expect((await server.get('probe', '/livez')).status).toBe(404);
    await using other = await Swapped.start(site, ['--runtime-issuance-config-map-name=later']);
    expect(await other.ended).toBe(2);
    expect(other.lines.join('\n')).toContain('--runtime-issuance-config-map-name: ');
  });

  it('Istio 96, 98, 4.10 (6): metrics, ConfigMap and Lease have their names and labels', async () => {
    await vi.waitFor(async () => {
      const map = await rootConfigMap();
      expect(at(map, 'metadata', 'labels', 'istio.io/config')).toBe('true');
      expect(at(map, 'data')).toEqual({ 'root-cert.pem': site.home.root.pem });
    }, patiently);
    const lease = await site.cluster.admin.get(
      `/apis/coordination.k8s.io/v1/namespaces/${site.namespace}/leases/istio-csr`,
    );
    expect(at(lease, 'spec', 'holderIdentity')).toMatch(/./);
    const prefix = 'cert_manager_istio_csr';
    expect(await metric(`${prefix}_tls_provider_certificate_requests{success="1"}`)).toBe(1);
    expect(await metric(`${prefix}_tls_provider_certificate_requests{success="0"}`)).toBe(0);
    expect(await metric(`${prefix}_grpc_server_started_total{${labels}}`)).toBeGreaterThan(0);
    expect(await metric(`${prefix}_grpc_server_handled_total{${labels},grpc_code="DataLoss"}`)).toBe(0);
    expect(await metric('leader_election_master_status{name="istio-csr"}')).toBe(1);
  });

  it('4.10 (7): takes the CSRs that istio-csr takes, refuses those that it refuses, and cuts lifetimes as it does', async () => {
    const csr = (parts: Parameters<typeof buildCsr>[0]) =>
      toPem('CERTIFICATE REQUEST', buildCsr({ key: ecKey('P-256'), ...parts }));
    const own = uri(site.identity);
    const looser = {
      'a DNS name': csr({ extensions: [san(own, dns('web.shop.svc'))] }),
      'a common name': csr({ subject: commonName('web'), extensions: [san(own)] }),
      "another's name": csr({ extensions: [san(uri('spiffe://cluster.local/ns/demo/sa/other'))] }),
    };
    for (const [what, text] of Object.entries(looser)) expect([what, await alone(text)]).toMatchObject([what, refused]);
    for (const wish of ['86400', '3600']) {
      const { code, chain } = await alone(csr({ extensions: [san(own)] }), wish);
      expect(code).toBe(0);
      const leaf = new X509Certificate(chain[0] ?? '');
      const hours = (leaf.validToDate.getTime() - leaf.validFromDate.getTime()) / 3_600_000;
      // notBefore lies two minutes back
      expect(hours).toBeCloseTo(1 + 2 / 60, 2);
    }
  });

  it('4.10 (8): shows a certificate with the configured name under the roots that every namespace has', async () => {
    const map = await vi.waitFor(rootConfigMap, patiently);
    const roots = at(map, 'data', 'root-cert.pem');
    if (typeof roots !== 'string') throw new Error('no roots');
    const socket = connect({
      port: server.ports.istio,
      host: '127.0.0.1',
      ca: roots,
      servername: 'cert-manager-istio-csr.cert-manager.svc',
      ALPNProtocols: ['h2'],
    });
    try {
      await new Promise<void>((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
      expect(socket.authorized).toBe(true);
      expect(socket.getPeerCertificate().subjectaltname).toBe(
        'DNS:cert-manager-istio-csr.cert-manager.svc, DNS:localhost',
      );
    } finally {
      socket.destroy();
    }
  });

  it('takes a token that is bound to no pod, as istio-csr does, and none that is bound to a Secret', async () => {
    const { admin } = site.cluster;
    const secret = await createSecret(admin, site.workload.namespace);
    using agent = await server.connect();
    const { csr } = p256Request(site.identity);
    const answerTo = async (options: TokenOptions) =>
      agent.call({ csr, token: await requestToken(admin, site.workload, { audiences: ['istio-ca'], ...options }) });
    expect(await answerTo({})).toMatchObject({ code: 0 });
    expect(await answerTo({ secret })).toMatchObject(refused);
  });

  it('4.10 (9): a bad token is Unauthenticated, in the answer and in the metric', async () => {
    const series = `cert_manager_istio_csr_grpc_server_handled_total{${labels},grpc_code="Unauthenticated"}`;
    const before = await metric(series);
    using agent = await server.connect();
    const { csr } = p256Request(site.identity);
    expect(await agent.call({ csr, token: 'no token at all' })).toMatchObject(refused);
    expect(await agent.call({ csr })).toMatchObject(refused);
    expect(await metric(series)).toBe(before + 2);
  });

  // last: the server is gone afterwards
  it('Istio 91, 4.10 (10): SIGTERM lets calls in flight finish and ends well', async () => {
    const agent = await server.connect();
    const calls = Array.from({ length: 20 }, () => ask(agent));
    await Promise.race(calls);
    server.terminate();
    const codes = (await Promise.all(calls)).map(({ code }) => code);
    expect(codes).toEqual(codes.map(() => 0));
    expect(await server.ended).toBe(0);
  });
});

/** Every file of the home but those in the volume. */
function besideTheLog({ home }: Site): readonly string[] {
  const names = readdirSync(home.directory, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => !name.startsWith('audit/')).toSorted();
}
