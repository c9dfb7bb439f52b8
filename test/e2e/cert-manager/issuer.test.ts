import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { documented } from '#test/distribution/documented-roles.ts';
import { describeWith } from '#test/oracles.ts';
import { at } from '#test/support/control-plane/client.ts';
import { endsIn } from '#test/support/records.ts';
import { Site } from './site.ts';

const soon = { timeout: 30_000, interval: 25 };
const starting = { timeout: 120_000 };

describeWith(['control-plane', 'set:cert-manager'], 'an external issuer of cert-manager', () => {
  let site: Site;

  beforeAll(async () => {
    site = await Site.start({}, { namespace: 'shop' });
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
    const { 'tls.crt': chain = '', 'ca.crt': ca = '' } = await site.certificate('gateway', {
      ...asked,
      secretName: 'gateway',
    });
    expect(ca).toBe(site.home.root.pem + site.upperRoot);
    expect(chain.endsWith(site.home.intermediate.pem)).toBe(true);
    expect(new X509Certificate(chain).subjectAltName).toBe('DNS:gateway.shop.example');
    expect(endsIn(site.running.records)).toMatchObject([
      { type: 'certificate.issued', door: 'cert-manager', certificate: { sans: ['dns:gateway.shop.example'] } },
    ]);
    await vi.waitFor(async () => {
      const { items } = Object(
        await site.cluster.admin.get(`/apis/events.k8s.io/v1/namespaces/${site.namespace}/events`),
      );
      expect([...items].map((event) => at(event, 'reason'))).toContain('Issued');
    }, soon);
  });
});
