import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { copyFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { decodeEntry } from '#audit/entry.ts';
import { verifyDirectory } from '#audit/verify.ts';
import { formatVkey } from '#audit/vkey.ts';
import { logDatabase } from '#store/sqlite/open-log.ts';
import { verifyStore } from '#store/sqlite/verify.ts';
import { describeWith } from '#test/oracles.ts';
import { at } from '#test/support/control-plane/client.ts';
import type { Cluster } from '#test/support/control-plane/cluster.ts';
import { createNamespace } from '#test/support/control-plane/objects.ts';
import { PostgresServer } from '#test/support/postgres/server.ts';
import { recordsOf } from '#test/support/records.ts';
import { ServerProcess } from '#test/support/server-process.ts';
import { isStatusWrite, issuedFor, startCluster } from './answering.ts';
import { Lives } from './lives.ts';
import { Replica } from './replica.ts';
import { Requests } from './requests.ts';

const starting = 120_000;
const patiently = { timeout: 60_000, interval: 25 };
const changes = 2;
const asked = 30;

describeWith(['control-plane', 'set:cert-manager', 'postgres'], 'CertificateRequests, and who answers them', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster();
  }, starting);
  afterAll(() => cluster?.stop());

  const leaseIn = (namespace: string) =>
    `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/countersign-requests`;

  async function holder(namespace: string): Promise<string> {
    const { body } = await cluster.admin.ask('GET', leaseIn(namespace));
    return String(at(body, 'spec', 'holderIdentity') ?? '');
  }

  /** With an Issuer `mesh` in a namespace of its own. */
  async function newRequests(): Promise<Requests> {
    const requests = new Requests(cluster.admin, await createNamespace(cluster.admin, { prefix: 'shop' }));
    await requests.issuer('mesh');
    return requests;
  }

  it('K-34: leaders that change under load, and overlap, give no request two certificates', async () => {
    const requests = await newRequests();
    const { namespace } = requests;
    const replica = (name: string) => Replica.start(cluster, { namespace, config: { instance: { name } } });
    await using one = await replica('one');
    await using other = await replica('other');
    const replicas = { one, other };
    await requests.ready('mesh');
    const lives = await Lives.watch(requests);
    const uids: string[] = [];
    const ask = async (when: string) => {
      const names = Array.from({ length: asked }, (_, n) => `${when}-${n}`);
      uids.push(...(await Promise.all(names.map((name) => requests.ask(name)))));
      return names;
    };
    const names: string[] = [];
    for (let change = 0; change < changes; change++) {
      const before = await holder(namespace);
      const leader = before.startsWith('one_') ? replicas.one : replicas.other;
      // it does not hear that the lease is another's, and goes on for as long as it held it
      const deaf = leader.proxy.make({ kind: 'hang' }, { when: ({ path }) => path.includes('/leases') });
      const during = ask(`during-${change}`);
      await cluster.admin.delete(leaseIn(namespace));
      await vi.waitUntil(async () => ![before, ''].includes(await holder(namespace)), patiently);
      names.push(...(await during), ...(await ask(`after-${change}`)));
      await Promise.all(names.map((name) => requests.ended(name, 'Issued')));
      deaf.lift();
    }
    const all = await lives.all();
    let twice = 0;
    for (const uid of uids) {
      const counts = [one, other].map((each) => issuedFor(each, uid).length);
      expect(Math.max(...counts)).toBe(1);
      if (Math.min(...counts) === 1) twice += 1;
      const certificates = (all.get(uid) ?? []).flatMap((version) => at(version, 'status', 'certificate') ?? []);
      expect(new Set(certificates).size).toBe(1);
    }
    // or there was no time in which both led
    expect(twice).toBeGreaterThan(0);
  });

  it('K-33: a server killed between its record and the status writes that certificate once it is back, and signs no other', async () => {
    const requests = await newRequests();
    const { namespace } = requests;
    await using replica = await Replica.prepare(cluster, { namespace });
    const { home, proxy } = replica;
    const issued = () =>
      recordsOf(home).filter(({ type, door }) => type === 'certificate.issued' && door === 'cert-manager');
    const held = proxy.make({ kind: 'hang' }, { when: isStatusWrite });
    await using killed = await ServerProcess.start(home);
    await requests.ready('mesh');
    const uid = await requests.ask('web');
    await vi.waitUntil(() => held.met === 1, patiently);
    await killed.kill();
    expect(issued()).toMatchObject([{ request: { id: uid } }]);
    held.lift();
    // or the new process waits until that of the dead one has run out
    await cluster.admin.delete(leaseIn(namespace));
    await using back = await ServerProcess.start(home);
    const { raw } = new X509Certificate(await requests.chainOf('web'));
    expect((await back.stop()).code).toBe(0);
    expect(issued()).toMatchObject([{ request: { id: uid }, certificateDer: raw.toString('base64') }]);
    const vkey = formatVkey('log.test/mesh', createPublicKey(createPrivateKey(home.logKeyPem)));
    const { size } = await verifyStore(logDatabase(home.path('audit')));
    expect((await verifyDirectory(home.published, vkey)).size).toBe(size);
  });

  it('K-34: of replicas that share a log, the one that takes over hands over what the dead one has signed', async () => {
    const requests = await newRequests();
    const { namespace } = requests;
    await using database = await PostgresServer.start();
    const postgres = {
      hosts: [`127.0.0.1:${database.port}`],
      ...{ database: 'postgres', user: 'tester', schema: 'mesh', tls: { mode: 'off' } },
    };
    const audit = {
      ...{ directory: 'audit', origin: 'log.test/mesh', publish: 'audit/log' },
      ...{ key: { file: { path: 'audit/log.key' } }, store: { postgres } },
    };
    const prepare = (name: string) => Replica.prepare(cluster, { namespace, config: { instance: { name }, audit } });
    await using one = await prepare('one');
    await using other = await prepare('other');
    for (const file of ['audit/log.key', 'issuers/mesh.pem', 'issuers/mesh.key', 'roots.pem'])
      copyFileSync(one.home.path(file), other.home.path(file));
    const held = one.proxy.make({ kind: 'hang' }, { when: isStatusWrite });
    await using killed = await ServerProcess.start(one.home);
    await requests.ready('mesh');
    await using standby = await ServerProcess.start(other.home);
    const uid = await requests.ask('web');
    await vi.waitUntil(() => held.met === 1, patiently);
    await killed.kill();
    // or the other one waits until that of the dead one has run out
    await cluster.admin.delete(leaseIn(namespace));
    const { raw } = new X509Certificate(await requests.chainOf('web'));
    expect(await holder(namespace)).toMatch(/^other_/);
    expect((await standby.stop()).code).toBe(0);
    const rows = await database.sql('SELECT body FROM mesh.entry ORDER BY seq');
    const entries = rows.map(({ body }) => (body instanceof Uint8Array ? decodeEntry(body) : expect.fail('no octets')));
    expect(entries.filter(({ type, door }) => type === 'certificate.issued' && door === 'cert-manager')).toMatchObject([
      { request: { id: uid }, certificateDer: raw.toString('base64'), instance: { name: 'one' } },
    ]);
  });
});
