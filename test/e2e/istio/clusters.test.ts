import { X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { entrySchema } from '#audit/schema.ts';
import { describeWith } from '#test/oracles.ts';
import type { Answer } from '#test/support/agent.ts';
import { at } from '#test/support/control-plane/client.ts';
import { Cluster } from '#test/support/control-plane/cluster.ts';
import type { ServiceAccount } from '#test/support/control-plane/objects.ts';
import { sharedControlPlane } from '#test/support/control-plane/shared.ts';
import { recordsOf } from '#test/support/records.ts';
import { idOf, SeveralClusters, type SeveralOptions } from './several-clusters.ts';

const isEntry = new Ajv({ strict: false, allErrors: true }).compile(entrySchema);
const patiently = { timeout: 30_000, interval: 50 };
const cases: readonly SeveralOptions[] = [
  { dialect: 'istiod', mode: 'review' },
  { dialect: 'istio-csr', mode: 'local' },
];
/** A name, or the status. */
const outcomeOf = ({ code, chain: [leaf = ''] }: Answer) =>
  code === 0 ? new X509Certificate(leaf).subjectAltName : code;
const unproven = 16;
const unavailable = 14;
const overload = 8;

describeWith(['control-plane'], 'several real clusters', () => {
  let other: Cluster;
  beforeAll(async () => {
    other = await Cluster.start();
  });
  afterAll(() => other?.stop());

  describe.each(cases)('in the dialect of $dialect, tokens proven in mode $mode', ({ dialect, mode }) => {
    let several: SeveralClusters;
    let localToken: string;
    let remoteToken: string;
    let localWeb: ServiceAccount;
    let remoteWeb: ServiceAccount;
    /** What must be in no output. */
    const hidden: string[] = ['HIDDEN'];

    const ask = async (token: string, clusterid?: readonly string[] | string, wanted?: string) =>
      outcomeOf(await several.ask(token, clusterid, wanted));
    const becomes = (outcome: string | number, token: string, clusterid: string) =>
      vi.waitFor(async () => expect(await ask(token, clusterid)).toBe(outcome), patiently);
    const logs = (...words: readonly string[]) => {
      const pattern = words.map((word) => word.replace(/[.[\]]/g, '\\$&')).join('.*');
      return expect(several.mesh.server.said(new RegExp(pattern))).resolves.toBeTypeOf('string');
    };
    /** What the record says of a cluster, in its order; the whole of each is as the published schema has it. */
    const recorded = (cluster: string, expected: readonly (readonly [type: string, content: unknown])[]) =>
      vi.waitFor(() => {
        const found = recordsOf(several.mesh.home).filter(
          ({ type, change }) => type.startsWith('cluster.') && at(change, 'content', 'cluster') === cluster,
        );
        expect(found.map(({ type, change }) => [type, at(change, 'content')])).toEqual(expected);
        const source = `Secret ${several.local.namespace}/remote-${cluster}`;
        for (const record of found) {
          expect(record.change).toMatchObject({ kind: 'remote-cluster', source });
          expect([isEntry(record), isEntry.errors]).toEqual([true, null]);
        }
      }, patiently);
    const kubeconfigOf = async (account?: ServiceAccount) => {
      const text = await several.remote.kubeconfig(account);
      hidden.push(String(at(parse(text), 'users', 0, 'user', 'token')));
      return text;
    };

    beforeAll(async () => {
      several = await SeveralClusters.start(await sharedControlPlane(), other, { dialect, mode });
      const { local, remote } = several;
      [localWeb, remoteWeb] = [await local.account('web'), await remote.account('web')];
      localToken = await local.token(localWeb, await local.pod(localWeb));
      remoteToken = await remote.token(remoteWeb, await remote.pod(remoteWeb));
      await becomes(unproven, remoteToken, 'west');
      await several.putSecret('remote-west', { west: await kubeconfigOf() });
      await becomes(`URI:${idOf(remoteWeb)}`, remoteToken, 'west');
      await becomes(`URI:${idOf(localWeb)}`, localToken, 'Kubernetes');
    });
    afterAll(() => several?.[Symbol.asyncDispose]());

    it.each([[undefined], [''], ['Kubernetes'], [['west', 'west']], [['nowhere', 'Kubernetes']]])(
      'Istio 37: clusterid %j is the local cluster',
      async (clusterid) => {
        const asked = several.remote.reviews.length;
        expect(await ask(localToken, clusterid)).toBe(`URI:${idOf(localWeb)}`);
        expect(await ask(remoteToken, clusterid)).toBe(unproven);
        expect(several.remote.reviews).toHaveLength(asked);
      },
    );

    it('Istio 38: clusterid of an unknown cluster is refused, and no API server is asked', async () => {
      const { local, remote } = several;
      const asked = [local.reviews.length, remote.reviews.length];
      for (const token of [localToken, remoteToken]) expect(await ask(token, 'nowhere')).toBe(unproven);
      expect([local.reviews.length, remote.reviews.length]).toEqual(asked);
    });

    it.each(['west', 'sunset'])(
      'Istio 39: clusterid %s is the remote cluster: it alone is asked',
      async (clusterid) => {
        const { local, remote } = several;
        const asked = [local.reviews.length, remote.reviews.length];
        expect(await ask(remoteToken, clusterid)).toBe(`URI:${idOf(remoteWeb)}`);
        expect(await ask(localToken, clusterid)).toBe(unproven);
        expect(local.reviews).toHaveLength(asked[0] ?? 0);
        if (mode === 'review') expect(remote.reviews).toHaveLength((asked[1] ?? 0) + 2);
        const record = several.mesh.all().findLast(({ type }) => type === 'certificate.issued');
        expect(record).toMatchObject({ caller: { cluster: 'west', identity: idOf(remoteWeb) } });
      },
    );

    it('Istio 40: a Secret makes a cluster known, and takes it away again', async () => {
      await becomes(unproven, remoteToken, 'east');
      await several.putSecret('remote-east', { east: await kubeconfigOf() });
      await becomes(`URI:${idOf(remoteWeb)}`, remoteToken, 'east');
      expect((await several.mesh.server.get('/metrics')).body).toMatch(
        /^countersign_kubernetes_remote_cluster_ready\{cluster="east"\} 1$/m,
      );
      await several.deleteSecret('remote-east');
      await becomes(unproven, remoteToken, 'east');
      expect(await ask(remoteToken, 'west')).toBe(`URI:${idOf(remoteWeb)}`);
      await logs('a remote cluster is not known any more', 'east');
      const { url: server } = several.remote.proxy.access('');
      await recorded('east', [
        ['cluster.added', { cluster: 'east', server, caSha256: expect.stringMatching(/^[0-9a-f]{64}$/) }],
        ['cluster.removed', { cluster: 'east' }],
      ]);
    });

    it('Istio 40: new credentials in a Secret are used', async () => {
      await several.putSecret('remote-south', { south: await kubeconfigOf(several.remote.powerless) });
      await becomes(unavailable, remoteToken, 'south');
      await several.changeSecret('remote-south', { south: await kubeconfigOf() });
      await becomes(`URI:${idOf(remoteWeb)}`, remoteToken, 'south');
      await several.changeSecret('remote-south', { south: 'HIDDEN: [' });
      await logs('is refused', 'remote-south[south]');
      expect(await ask(remoteToken, 'south')).toBe(`URI:${idOf(remoteWeb)}`);
      await several.deleteSecret('remote-south');
      await becomes(unproven, remoteToken, 'south');
      const known = expect.objectContaining({ cluster: 'south', server: expect.stringMatching(/^https:/) });
      await recorded('south', [
        ['cluster.added', known],
        ['cluster.changed', known],
        ['cluster.removed', { cluster: 'south' }],
      ]);
    });

    // A local proof asks the API server nothing that could be under way.
    if (mode === 'review')
      it('Istio 40: a request that is under way when its cluster is removed is answered', async () => {
        const { proxy } = several.remote;
        await several.putSecret('remote-leaving', { leaving: await kubeconfigOf() });
        await becomes(`URI:${idOf(remoteWeb)}`, remoteToken, 'leaving');
        const slow = proxy.make({ kind: 'delay', ms: 3000 }, { when: ({ path }) => path.endsWith('/tokenreviews') });
        const answer = ask(remoteToken, 'leaving');
        await vi.waitFor(() => expect(slow.met).toBe(1), patiently);
        slow.lift();
        await several.deleteSecret('remote-leaving');
        await becomes(unproven, remoteToken, 'leaving');
        expect(await answer).toBe(`URI:${idOf(remoteWeb)}`);
      });

    it.each([
      ['users[0].user.exec', { exec: { command: '/HIDDEN' } }],
      ['users[0].user.tokenFile', { tokenFile: '/HIDDEN' }],
      ['users[0].user.client-key', { 'client-key': '/HIDDEN' }],
      ['users[0].user.client-certificate', { 'client-certificate': '/HIDDEN' }],
    ])('Istio 41: a kubeconfig with %s is refused, and the log names it', async (field, user) => {
      const good: unknown = parse(await kubeconfigOf());
      const text = JSON.stringify({ ...Object(good), users: [{ name: 'test', user: { token: 'HIDDEN', ...user } }] });
      const name = `remote-${field.replace(/.*\./, '').toLowerCase()}`;
      await several.putSecret(name, { unsafe: text });
      await logs('is refused', `${name}[unsafe]`, `${field}: not allowed in a remote cluster's kubeconfig: use `);
      expect(await ask(remoteToken, 'unsafe')).toBe(unproven);
      expect((await several.mesh.server.get('/metrics')).body).toMatch(
        /^countersign_kubernetes_remote_kubeconfigs_refused 1$/m,
      );
      await several.deleteSecret(name);
      const none = /^countersign_kubernetes_remote_kubeconfigs_refused 0$/m;
      await vi.waitFor(async () => expect((await several.mesh.server.get('/metrics')).body).toMatch(none), patiently);
    });

    it('a cluster id that is taken, or is our own, is refused and logged', async () => {
      await several.putSecret('remote-taken', { west: await kubeconfigOf(several.remote.powerless) });
      await several.putSecret('remote-own', { Kubernetes: await kubeconfigOf() });
      await logs('the cluster west is that of Secret', 'remote-west');
      await logs('this is the id of our own cluster');
      expect(await ask(remoteToken, 'west')).toBe(`URI:${idOf(remoteWeb)}`);
      expect(await ask(remoteToken, 'Kubernetes')).toBe(unproven);
      for (const name of ['remote-taken', 'remote-own']) await several.deleteSecret(name);
    });

    it('Istio 59: pods of one cluster give nothing to the agents of another, whatever they are called', async () => {
      const { local, remote } = several;
      const [here, there] = [await local.account('ztunnel'), await remote.account('ztunnel')];
      const agentHere = await local.token(here, await local.pod(here));
      const agentThere = await remote.token(there, await remote.pod(there));
      const [till, shop] = [await local.account('till'), await remote.account('shop')];
      await local.pod(till);
      await remote.pod(shop);
      const gets = (token: string, cluster: string, account: ServiceAccount) =>
        vi.waitFor(
          async () => expect(await ask(token, cluster, idOf(account))).toBe(`URI:${idOf(account)}`),
          patiently,
        );
      await gets(agentHere, 'Kubernetes', till);
      await gets(agentThere, 'west', shop);
      expect(await ask(agentHere, 'Kubernetes', idOf(shop))).toBe(unproven);
      expect(await ask(agentThere, 'west', idOf(till))).toBe(unproven);
      for (const [token, cluster] of [
        [agentHere, 'west'],
        [agentThere, 'Kubernetes'],
      ] as const) {
        for (const account of [till, shop]) expect(await ask(token, cluster, idOf(account))).toBe(unproven);
      }
    });

    it('Istio 39: a remote API server that hangs slows nobody else, and says nothing of readiness', async () => {
      const kubeconfig = await kubeconfigOf();
      await other.pause();
      try {
        await several.putSecret('remote-hung', { hung: kubeconfig });
        await logs('a remote cluster is known from now on', 'hung');
        let waiting = 300;
        const hung = Array.from({ length: waiting }, () => ask(remoteToken, 'hung').finally(() => waiting--));
        for (let n = 0; n < 5; n++) expect(await ask(localToken)).toBe(`URI:${idOf(localWeb)}`);
        expect(waiting).toBeGreaterThan(0);
        expect((await several.mesh.server.get('/readyz')).status).toBe(200);
        expect([unavailable, overload]).toEqual(expect.arrayContaining([...new Set(await Promise.all(hung))]));
        expect((await several.mesh.server.get('/metrics')).body).toMatch(
          /^countersign_kubernetes_remote_cluster_ready\{cluster="hung"\} 0$/m,
        );
      } finally {
        other.resume();
      }
      await becomes(`URI:${idOf(remoteWeb)}`, remoteToken, 'hung');
      await logs('a remote cluster answers again', 'hung');
      await several.deleteSecret('remote-hung');
    });

    it('no credential of a cluster is in the log of the server, its records or its metrics', async () => {
      const { mesh } = several;
      const audit = mesh.home.path('audit');
      const files = readdirSync(audit, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
      const outputs = [
        mesh.server.stderr,
        (await several.mesh.server.get('/metrics')).body,
        ...files.map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'latin1')),
      ];
      expect(hidden.length).toBeGreaterThan(5);
      for (const secret of hidden) for (const output of outputs) expect(output.includes(secret)).toBe(false);
    });
  });

  it('Istio 39: agents of a cluster that hangs, asking for pods that nobody knows, leave others their places', {
    timeout: 120_000,
  }, async () => {
    const options = { dialect: 'istiod', mode: 'local', calls: 64 } as const;
    await using several = await SeveralClusters.start(await sharedControlPlane(), other, options);
    const { local, remote } = several;
    const web = await local.account('web');
    const token = await local.token(web, await local.pod(web));
    const ztunnel = await remote.account('ztunnel');
    const agent = await remote.token(ztunnel, await remote.pod(ztunnel));
    const [ghost, nobody] = ['ghost', 'nobody'].map((name) => idOf({ namespace: remote.namespace, name }));
    await several.putSecret('remote-west', { west: await remote.kubeconfig() });
    const own = async () => expect(outcomeOf(await several.ask(token, 'Kubernetes'))).toBe(`URI:${idOf(web)}`);
    await vi.waitFor(own, patiently);
    await vi.waitFor(async () => expect(outcomeOf(await several.ask(agent, 'west', ghost))).toBe(unproven), patiently);
    await other.pause();
    try {
      let waiting = 100;
      const hung = Array.from({ length: waiting }, () => several.ask(agent, 'west', nobody).finally(() => waiting--));
      await vi.waitFor(() => expect(waiting).toBeLessThanOrEqual(64), patiently);
      await vi.waitFor(own, patiently);
      for (let n = 0; n < 5; n++) await own();
      expect(waiting).toBeGreaterThan(0);
      const codes = new Set((await Promise.all(hung)).map(({ code }) => code));
      expect(codes).toContain(unavailable);
      expect([unavailable, overload]).toEqual(expect.arrayContaining([...codes]));
    } finally {
      other.resume();
    }
  });
});
