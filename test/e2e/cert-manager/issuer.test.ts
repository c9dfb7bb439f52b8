import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { countersign, run } from '#test/cli/run-cli.ts';
import { documented } from '#test/distribution/documented-roles.ts';
import { Reader, section, typedIn, yamlIn } from '#test/e2e/istio-csr/document.ts';
import { describeWith } from '#test/oracles.ts';
import { at } from '#test/support/control-plane/client.ts';
import { freePort } from '#test/support/control-plane/program.ts';
import { endsIn } from '#test/support/records.ts';
import { replayed } from '#test/support/replayed.ts';
import { readCertificate } from '#x509/certificate.ts';
import { Gateway } from './gateway.ts';
import { Site } from './site.ts';

const soon = { timeout: 30_000, interval: 25 };
const starting = { timeout: 120_000 };

describeWith(['control-plane', 'set:cert-manager'], 'an external issuer of cert-manager', () => {
  let site: Site;
  let status: string;

  beforeAll(async () => {
    const listen = `127.0.0.1:${await freePort()}`;
    status = `http://${listen}`;
    const revocation = { documents: ['revocations.yaml'], directory: 'status', listen, url: status };
    const files = { 'revocations.yaml': 'apiVersion: countersign.dev/v1\nkind: Revocations\ncertificates: []\n' };
    site = await Site.start({}, { namespace: 'shop', config: { revocation }, files });
  }, starting.timeout);
  afterAll(async () => {
    await site?.[Symbol.asyncDispose]();
  });

  it('signs what the documented Certificate asks for of the documented issuer, and the Secret holds the chain and all roots, its own first', async () => {
    const [issuer, certificate] = ['ClusterIssuer', 'Certificate'].map((kind) =>
      documented('docs/cert-manager.md', kind).find((each) =>
        /^(mesh|gateway)$/.test(String(at(each, 'metadata', 'name'))),
      ),
    );
    await site.issuer('ClusterIssuer', 'mesh', at(issuer, 'spec'));
    const asked = Object(at(certificate, 'spec'));
    expect([at(certificate, 'metadata', 'namespace'), asked.issuerRef]).toEqual([
      site.namespace,
      { group: 'countersign.dev', kind: 'ClusterIssuer', name: 'mesh' },
    ]);
    const { 'tls.crt': chain = '', 'ca.crt': ca = '' } = await site.certificate('gateway-tls', asked);
    expect(ca).toBe(site.home.root.pem + site.upperRoot);
    expect(chain.endsWith(site.home.intermediate.pem)).toBe(true);
    expect(new X509Certificate(chain).subjectAltName).toBe('DNS:gateway.shop.example');
    expect(endsIn(site.running.records)).toMatchObject([
      { type: 'certificate.issued', door: 'cert-manager', certificate: { sans: ['dns:gateway.shop.example'] } },
    ]);
    expect(replayed(site.running.records)).toEqual({ findings: [], kinds: { workload: 1, serving: 1 } });
    await vi.waitFor(async () => {
      const { items } = Object(
        await site.cluster.admin.get(`/apis/events.k8s.io/v1/namespaces/${site.namespace}/events`),
      );
      expect([...items].map((event) => at(event, 'reason'))).toContain('Issued');
    }, soon);
  });

  describeWith(['envoy', 'openssl'], 'for a gateway', (judge) => {
    let reader: Reader;
    let gateway: Gateway;
    const part = section('An Envoy that staples', 'docs/revocation.md');
    const here = (text: string) => text.replaceAll('/etc/gateway', reader.directory);
    const typed = async () => {
      for (const line of typedIn(part.replaceAll(/```.*?```/gs, ''))) await reader.type(line);
    };
    const openssl = async (...words: string[]) => {
      const { stdout, stderr } = await run('openssl', words, { cwd: reader.directory });
      return `${stdout}${stderr}`;
    };
    /** With nothing but the roots, and what the certificate itself points to. */
    const verified = () =>
      openssl(
        ...['verify', '-crl_check', '-crl_download', '-CAfile', site.home.path('roots.pem')],
        ...['-untrusted', 'ca.pem', 'gateway.pem'],
      );

    beforeAll(async () => {
      reader = new Reader(site.cluster);
      const [template = '', chain = ''] = yamlIn(part);
      reader.write('template.yaml', here(template));
      const { 'tls.key': key = '' } = await site.secret('gateway-tls');
      reader.write('gateway.key', key, 0o600);
      await typed();
      gateway = await Gateway.start(judge('envoy'), here(chain));
    }, starting.timeout);
    afterAll(async () => {
      await gateway?.[Symbol.asyncDispose]();
      reader?.[Symbol.dispose]();
    });

    it('the certificate says where to ask, and there is the CRL, the OCSP responder and the issuer', async () => {
      const { subjectKeyId = new Uint8Array() } = readCertificate(site.home.intermediate.certificate);
      const keyId = Buffer.from(subjectKeyId).toString('hex');
      const places = await openssl(
        ...['x509', '-in', 'gateway.pem', '-noout', '-ext', 'crlDistributionPoints,authorityInfoAccess'],
      );
      expect([...places.matchAll(/URI:(\S+)/g)].map(([, url]) => url)).toEqual([
        `${status}/crl/${keyId}.crl`,
        `${status}/ocsp`,
        `${status}/ca/${keyId}.cer`,
      ]);
      expect(reader.read('ca.pem')).toBe(site.home.intermediate.pem);
      expect(await verified()).toBe('gateway.pem: OK\n');
    });

    it('an Envoy with the answer hands it out, and tells of a revocation while it runs', async () => {
      const trust = ['-CAfile', site.home.path('roots.pem'), '-verify_return_error'];
      expect(await gateway.shown(...trust)).toMatch(
        /OCSP Response Status: successful[\s\S]*Cert Status: good[\s\S]*Verify return code: 0 \(ok\)/,
      );
      const words = ['revoke', reader.path('gateway.pem'), '--home', site.home.directory, '--reason', 'superseded'];
      expect(await countersign(words)).toMatchObject({ code: 0 });
      await site.running.server.reload();
      expect(await verified()).toContain('certificate revoked');
      await typed();
      await vi.waitFor(
        async () => expect(await gateway.shown(...trust)).toMatch(/Cert Status: revoked[\s\S]*Reason: superseded/),
        soon,
      );
    });
  });
});
