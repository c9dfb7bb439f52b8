import { hash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { describeWith } from '#test/oracles.ts';
import { freePort } from '#test/support/control-plane/program.ts';
import { clientPair } from '#test/support/judges.ts';
import { endsIn } from '#test/support/records.ts';
import { testAuthority } from '#test/support/software-ca.ts';
import { ask, bundled, knock, MutualServer } from './mutual-tls.ts';
import type { PlayedPod } from './played-pod.ts';
import { idOf, Shop } from './shop.ts';

const patiently = { timeout: 30_000, interval: 50 };
const starting = 180_000;
const [report, orders] = [idOf('report'), idOf('orders')];
const bundleOf = (pod: PlayedPod) => readFileSync(pod.volume('identity').path('credentials.pem'), 'utf8');
const digestOf = (pem: string) => hash('sha256', new X509Certificate(pem).raw);

describeWith(['control-plane', 'envoy'], 'examples/pod-certificates, applied as they are', (judge) => {
  let shop: Shop;
  let port: number;
  let envoy: PlayedPod;
  let pod: PlayedPod;

  beforeAll(async () => {
    shop = await Shop.open(judge('envoy'));
    port = await freePort();
    const app = await freePort();
    envoy = await shop.place('orders', { 8443: String(port), 8080: String(app) });
    // The agent may be the later of the two.
    await envoy.run({ envoy: port, app });
    await shop.handOn(envoy);
    pod = await shop.place('report', { 'orders.shop.svc:8443': `127.0.0.1:${port}`, '10_000': '100' });
    await pod.run();
    await says(/^200 /);
  }, starting);
  afterAll(() => shop?.[Symbol.asyncDispose]());

  /** The last line that the pod's program has printed, once it fits. */
  const says = (pattern: RegExp) =>
    vi.waitFor(() => expect(pod.said('report').trim().split('\n').at(-1)).toMatch(pattern), patiently);

  it('the API server takes every object, by the lines of the document', () => {
    expect(shop.told.join('').trim().split('\n')).toEqual([
      'namespace/shop created',
      'serviceaccount/orders created',
      'service/orders created',
      'configmap/orders created',
      'deployment.apps/orders created',
      'configmap/report-by-envoy created',
      'deployment.apps/report-by-envoy created',
      'serviceaccount/report created',
      'configmap/report created',
      'deployment.apps/report created',
    ]);
  });

  it("with nothing but its bundle and the roots the pod's program is answered, and the app hears who it is", async () => {
    const digest = digestOf(bundleOf(pod));
    await says(new RegExp(`^200 By=${orders};Hash=${digest};URI=${report}$`));
  });

  it('both certificates are on the one record, each by its own door', () => {
    const issued = endsIn(shop.running.records).map(({ type, door, caller }) => [type, door, Object(caller).identity]);
    expect(issued).toContainEqual(['certificate.issued', 'istio', orders]);
    expect(issued).toContainEqual(['certificate.issued', 'pod-certificate', report]);
  });

  it('who is not the workload that it asked for is no answer to the program', async () => {
    const places = { 'orders.shop.svc:8443': `127.0.0.1:${port}`, 'sa/orders': 'sa/billing' };
    const other = await shop.place('report', places);
    await other.run();
    await vi.waitFor(() => expect(other.said('report')).toMatch(`not ${idOf('billing')} but URI:${orders}`), patiently);
    expect(other.said('report')).not.toMatch(/^200/m);
  });

  describe('the Envoy', () => {
    it('lets the bundle in', async () => {
      expect(await knock(port, shop.roots, bundled(bundleOf(pod)))).toBe('let in');
    });

    it('lets nobody in without a certificate', async () => {
      expect(await knock(port, shop.roots)).toMatch(/ALERT_HANDSHAKE_FAILURE$/);
    });

    it('nor with the same name from another authority, until its root is among ours', async () => {
      const elsewhere = testAuthority({ commonName: 'Elsewhere' });
      const { chain, key } = await clientPair(elsewhere, { uris: [report] });
      const knocks = () => knock(port, shop.roots, { key, cert: chain });
      expect(await knocks()).toMatch(/ALERT_UNKNOWN_CA$/);
      shop.running.home.write('roots.pem', shop.roots + elsewhere.pem);
      await vi.waitFor(async () => {
        await envoy.renew();
        expect(await knocks()).toBe('let in');
      }, patiently);
    });

    it('nor with a name of another trust domain below the same root', async () => {
      const { root } = shop.running.home;
      const foreign = testAuthority({ commonName: 'Other mesh CA', issuer: root });
      const { chain, key } = await clientPair(foreign, { uris: ['spiffe://other.example/ns/shop/sa/report'] });
      expect(await knock(port, shop.roots, { key, cert: chain })).toMatch(/ALERT_CERTIFICATE_UNKNOWN$/);
      const ours = await clientPair(foreign, { uris: [report] });
      expect(await knock(port, shop.roots, { key: ours.key, cert: ours.chain })).toBe('let in');
    });

    it('keeps the bundle of another service account from the app', async () => {
      const credentials = await shop.stranger();
      expect(await knock(port, shop.roots, credentials)).toBe('let in');
      expect(await ask(port, shop.roots, credentials, orders)).toMatchObject({
        status: 403,
        body: 'RBAC: access denied',
      });
    });

    it("takes its own renewed files, in the order in which Istio's agent writes them", async () => {
      const serves = async () => (await ask(port, shop.roots, bundled(bundleOf(pod)), orders)).serial;
      const before = await serves();
      const renewed = await shop.handOn(envoy);
      const serial = renewed.serialNumber.toLowerCase();
      expect(serial).not.toBe(before);
      await vi.waitFor(async () => expect(await serves()).toBe(serial), patiently);
      await says(/^200 /);
    });
  });

  it('after a renewal by kubelet the program comes with the new certificate', async () => {
    const before = bundleOf(pod);
    await pod.renew();
    expect(digestOf(bundleOf(pod))).not.toBe(digestOf(before));
    await says(new RegExp(`^200 .*Hash=${digestOf(bundleOf(pod))};`));
  });

  describe('an Envoy beside a program that speaks no TLS', () => {
    /** Resolves with the pod, and a call of its program; what it takes for orders is on that port. */
    async function beside(upstream: number): Promise<readonly [PlayedPod, () => Promise<Response>]> {
      const outbound = await freePort();
      const places = { 'orders.shop.svc': '127.0.0.1', 8443: String(upstream), 8081: String(outbound) };
      const by = await shop.place('report-by-envoy', places);
      await by.run({ envoy: outbound });
      return [by, () => fetch(`http://127.0.0.1:${outbound}/`)];
    }

    it('has key and chain from the one bundle, also after a renewal', async () => {
      await using server = await MutualServer.start(await shop.meshed(envoy.pod), shop.roots);
      const [by, call] = await beside(server.port);
      const shows = async () => {
        const sha256 = digestOf(bundleOf(by));
        expect(await (await call()).json()).toEqual({ names: `URI:${report}`, sha256, protocol: 'istio-http/1.1' });
      };
      await shows();
      await by.renew();
      await vi.waitFor(shows, patiently);
    });

    it('asks nobody but orders', async () => {
      await using server = await MutualServer.start(await shop.meshed(pod.pod), shop.roots);
      const [, call] = await beside(server.port);
      expect([(await call()).status, server.heard]).toEqual([503, 0]);
    });
  });
});
