import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { describeWith } from '#test/oracles.ts';
import { at } from '#test/support/control-plane/client.ts';
import type { Fault, Seen } from '#test/support/control-plane/unruly-proxy.ts';
import { type Answering, issuedFor, startAnswering } from './answering.ts';
import { HsmIssuer } from './hsm-issuer.ts';
import { Lives } from './lives.ts';
import { conditionOf } from './objects.ts';
import { shownSuite } from './shown.suite.ts';
import { statusesSuite } from './statuses.suite.ts';

const starting = 120_000;
const patiently = { timeout: 60_000, interval: 25 };
const faults: readonly Fault[] = [
  ...[409, 410, 500, 503].map((status) => ({ kind: 'answer', status }) as const),
  { kind: 'answer', status: 429, retryAfterSeconds: 1 },
  { kind: 'delay', ms: 300 },
  { kind: 'drop' },
  { kind: 'truncate', octets: 100 },
];

describeWith(['control-plane', 'set:cert-manager', 'softhsm'], 'CertificateRequests of a real API server', () => {
  let site: Answering;
  let hsm: HsmIssuer;
  beforeAll(async () => {
    hsm = await HsmIssuer.make();
    site = await startAnswering({ issuers: async (home) => [await hsm.certified(home)] });
  }, starting);
  afterAll(async () => {
    await site?.[Symbol.asyncDispose]();
    hsm?.[Symbol.dispose]();
  });

  statusesSuite(() => site);

  describe('whatever is away', () => {
    it('K-31: while a key in an HSM is away its issuers are not ready and its requests pending; once it is back they go on', async () => {
      const { replica, requests } = site;
      const issuerRef = { group: 'countersign.dev', kind: 'Issuer', name: 'edge' };
      await requests.issuer('edge', 'Issuer', { issuer: 'edge' });
      await requests.ready('edge');
      hsm.lose();
      const uid = await requests.ask('patient', { issuerRef });
      await requests.ended('patient', 'Pending');
      const away = await vi.waitUntil(async () => {
        const ready = conditionOf(await requests.admin.get(requests.issuerPath('edge')), 'Ready');
        return ready?.status === 'False' && ready;
      }, patiently);
      expect(away).toMatchObject({
        reason: 'Pending',
        message:
          'issuer "edge" of the server cannot sign at present: its key cannot be used; requests wait, and are signed once it can',
      });
      await vi.waitUntil(
        async () =>
          conditionOf(await requests.get('patient'), 'Ready')?.message === `Issuer edge is not ready: ${away.message}`,
        patiently,
      );
      // the other key goes on
      await requests.ask('meanwhile');
      await requests.ended('meanwhile', 'Issued');
      hsm.bringBack();
      await requests.ended('patient', 'Issued');
      await requests.ready('edge');
      expect(issuedFor(replica, uid)).toMatchObject([{ certificate: { issuer: { name: 'edge' } } }]);
      const writes = replica.proxy.seen.filter(
        ({ method, path }) => method === 'PATCH' && path.includes('/issuers/edge/'),
      );
      expect(writes).toHaveLength(3);
    });

    it('K-10, K-33: a hundred requests get one certificate each, whatever becomes of the calls', async () => {
      const { replica, requests } = site;
      const { proxy } = replica;
      const lives = await Lives.watch(requests);
      const made = faults.map((fault, index) => {
        let calls = 0;
        const when = ({ path }: Seen) => path.includes('/certificaterequests/') && calls++ % 9 === index;
        return proxy.make(fault, { when, times: 20 });
      });
      const names = Array.from({ length: 100 }, (_, n) => `storm-${n}`);
      const asked = names.map((name, n) => {
        if (n % 20 === 10) proxy.cutWatches();
        return requests.ask(name);
      });
      const uids = await Promise.all(asked);
      await Promise.all(names.map((name) => requests.ended(name, 'Issued')));
      proxy.behave();
      expect(made.filter(({ met }) => met === 0)).toEqual([]);
      const all = await lives.all();
      for (const uid of uids) {
        expect(issuedFor(replica, uid)).toHaveLength(1);
        const certificates = (all.get(uid) ?? []).flatMap((version) => at(version, 'status', 'certificate') ?? []);
        expect(new Set(certificates).size).toBe(1);
      }
    });

    it('K-31: an API server that stops for a while is waited for', async () => {
      const { cluster, replica, requests } = site;
      const before = await requests.make('before-the-stop');
      await cluster.pause();
      const approving = requests.decide('before-the-stop');
      const leases = () => replica.proxy.seen.filter(({ path }) => path.includes('/leases/')).length;
      const already = leases();
      await vi.waitUntil(() => leases() > already, patiently);
      cluster.resume();
      await approving;
      const after = await requests.ask('after-the-stop');
      for (const name of ['before-the-stop', 'after-the-stop']) await requests.ended(name, 'Issued');
      expect([issuedFor(replica, before), issuedFor(replica, after)]).toMatchObject([[{}], [{}]]);
    });

    it('K-35: no Secret is asked for', () => {
      expect(site.replica.proxy.seen.filter(({ path }) => path.includes('/secrets'))).toEqual([]);
    });
  });

  shownSuite(() => site);
});
