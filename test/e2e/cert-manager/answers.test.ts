import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { SoftwareSigner } from '#keys/software/signer.ts';
import { Refusal } from '#refusal/refusal.ts';
import { describeWith } from '#test/oracles.ts';
import { at } from '#test/support/control-plane/client.ts';
import type { Fault, Seen } from '#test/support/control-plane/unruly-proxy.ts';
import { type Answering, issuedFor, startAnswering } from './answering.ts';
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

describeWith(['control-plane', 'set:cert-manager'], 'CertificateRequests of a real API server', () => {
  let site: Answering;
  beforeAll(async () => {
    site = await startAnswering();
  }, starting);
  afterAll(() => site?.[Symbol.asyncDispose]());

  statusesSuite(() => site);

  describe('whatever is away', () => {
    it('K-31: while the key is away requests are pending; once it is back they are issued', async () => {
      const { replica, requests } = site;
      const away = new Refusal('signer.unavailable', 'the token does not answer');
      const outage = vi.spyOn(SoftwareSigner.prototype, 'sign').mockRejectedValue(away);
      const uid = await requests.ask('patient');
      const found = await requests.ended('patient', 'Pending');
      expect(conditionOf(found, 'Ready')?.message).toBe('the token does not answer');
      outage.mockRestore();
      await requests.ended('patient', 'Issued');
      expect(issuedFor(replica, uid)).toHaveLength(1);
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
