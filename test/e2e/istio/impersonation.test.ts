import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { describeWith } from '#test/oracles.ts';
import type { Answer } from '#test/support/agent.ts';
import { Cluster } from '#test/support/control-plane/cluster.ts';
import {
  createNode,
  createPod,
  createServiceAccount,
  type Pod,
  requestToken,
  type ServiceAccount,
} from '#test/support/control-plane/objects.ts';
import { sharedControlPlane } from '#test/support/control-plane/shared.ts';
import { p256Request } from '#test/support/requests.ts';
import { Ambient, askFor, idOf } from './ambient.ts';
import { dialects } from './mesh.ts';

const patiently = { timeout: 30_000, interval: 50 };
const namesIn = ({ code, message, chain: [leaf = ''] }: Answer) =>
  code === 0 ? new X509Certificate(leaf).subjectAltName : `${code} ${message}`;
const cases = dialects.flatMap((dialect) => (['local', 'review'] as const).map((mode) => ({ dialect, mode })));

describeWith(['control-plane'], 'ztunnel on a real cluster', () => {
  describe.each(cases)('in the dialect of $dialect, tokens proven in mode $mode', ({ dialect, mode }) => {
    const refused =
      dialect === 'istiod' ? '16 request impersonation authentication failure' : '16 request authenticate failure';
    let ambient: Ambient;
    let web: ServiceAccount;
    let till: ServiceAccount;
    let agentPod: Pod;
    let token: string;
    const ask = async (wanted: string, by: string | undefined = token) => namesIn(await ambient.ask(by, wanted));

    beforeAll(async () => {
      ambient = await Ambient.start(await sharedControlPlane(), { dialect, mode });
      [web, till] = [await ambient.account('web'), await ambient.account('till')];
      agentPod = await ambient.pod(ambient.ztunnel, 'a');
      token = await ambient.token(ambient.ztunnel, agentPod);
      await ambient.pod(web, 'a');
      await vi.waitFor(async () => expect(await ask(idOf(web))).toBe(`URI:${idOf(web)}`), patiently);
    });
    afterAll(() => ambient?.[Symbol.asyncDispose]());

    it('Istio 50: gets the identities of the pods of its node, eight at a time on one connection', async () => {
      const accounts = await Promise.all(Array.from({ length: 8 }, (_, n) => ambient.account(`many-${n}`)));
      for (const account of accounts) await ambient.pod(account, 'a');
      using agent = await ambient.mesh.connect();
      const answers = await Promise.all(accounts.map((account) => askFor(agent, token, idOf(account))));
      expect(answers.map(namesIn)).toEqual(accounts.map((account) => `URI:${idOf(account)}`));
      const by = {
        authenticator: 'k8s-token',
        identity: idOf(ambient.ztunnel),
        pod: { name: agentPod.name, uid: agentPod.uid },
      };
      for (const account of accounts) {
        const identity = idOf(account);
        const record = ambient.mesh.all().find(({ certificate }) => Object(certificate).identity === identity);
        expect(record).toMatchObject({ caller: by, onBehalfOf: { identity, node: agentPod.node } });
      }
    });

    it('Istio 60: gets its own identity without the key, and with it', async () => {
      const own = idOf(ambient.ztunnel);
      using agent = await ambient.mesh.connect();
      expect(namesIn(await agent.call({ csr: p256Request(own).csr, token }))).toBe(`URI:${own}`);
      expect(await ask(own)).toBe(`URI:${own}`);
    });

    it('Istio 49: no other account gets anything of it', async () => {
      const pod = await ambient.pod(till, 'a');
      expect(await ask(idOf(web), await ambient.token(till, pod))).toBe(refused);
    });

    it('Istio 51: gets nothing for who runs on another node', async () => {
      const elsewhere = await ambient.account('elsewhere');
      await ambient.pod(elsewhere, 'b');
      expect(await ask(idOf(elsewhere))).toBe(refused);
      const other = await ambient.pod(ambient.ztunnel, 'b');
      const otherToken = await ambient.token(ambient.ztunnel, other);
      expect(await ask(idOf(elsewhere), otherToken)).toBe(`URI:${idOf(elsewhere)}`);
      expect(await ask(idOf(web), otherToken)).toBe(refused);
    });

    it.each(['Failed', 'Succeeded'])('Istio 52: gets nothing for a pod that has %s', async (phase) => {
      const account = await ambient.account(phase.toLowerCase());
      const pod = await ambient.pod(account, 'a');
      expect(await ask(idOf(account))).toBe(`URI:${idOf(account)}`);
      await ambient.setPhase(pod, phase);
      await vi.waitFor(async () => expect(await ask(idOf(account))).toBe(refused), patiently);
    });

    it('Istio 51: gets nothing any more once the pod is gone', async () => {
      const account = await ambient.account('gone');
      const pod = await ambient.pod(account, 'a');
      expect(await ask(idOf(account))).toBe(`URI:${idOf(account)}`);
      await ambient.delete(pod);
      await vi.waitFor(async () => expect(await ask(idOf(account))).toBe(refused), patiently);
    });

    it('Istio 53: gets nothing by the token of a pod of its name that is gone, and by that of the new one at once', async () => {
      const old = await ambient.pod(ambient.ztunnel, 'a', { name: 'ztunnel-again' });
      const oldToken = await ambient.token(ambient.ztunnel, old);
      expect(await ask(idOf(web), oldToken)).toBe(`URI:${idOf(web)}`);
      await ambient.delete(old);
      const made = await ambient.pod(ambient.ztunnel, 'a', { name: 'ztunnel-again' });
      expect(await ask(idOf(web), await ambient.token(ambient.ztunnel, made))).toBe(`URI:${idOf(web)}`);
      await vi.waitFor(async () => expect(await ask(idOf(web), oldToken)).toMatch(/^16 /), patiently);
    });

    it('Istio 53: gets nothing by a token that is bound to no pod', async () => {
      expect(await ask(idOf(web), await ambient.token(ambient.ztunnel))).toMatch(/^16 /);
    });

    it('Istio 54: gets nothing in a foreign trust domain, and the same workload in an alias of ours', async () => {
      expect(await ask(idOf(web, 'other.example'))).toBe(refused);
      expect(await ask(idOf(web, 'old.example'))).toBe(`URI:${idOf(web, 'old.example')}`);
    });

    it.each([
      ['without a namespace', 'spiffe://cluster.local/ns//sa/web'],
      ['without an account', 'spiffe://cluster.local/ns/demo/sa/'],
      ['of four segments', 'spiffe://cluster.local/ns/demo/sa'],
      ['of six segments', 'spiffe://cluster.local/ns/demo/sa/web/more'],
      ['of another scheme', 'https://cluster.local/ns/demo/sa/web'],
    ])('Istio 55: gets nothing for a name %s', async (_, wanted) => {
      expect(await ask(wanted)).toBe(refused);
    });

    it('Istio 56: gets nothing by its certificate, not even beside its token', async () => {
      const own = idOf(ambient.ztunnel);
      const { csr, keyPem } = p256Request(own);
      using agent = await ambient.mesh.connect();
      const { chain } = await agent.call({ csr, token });
      const identity = { chain: chain.slice(0, -1).join(''), key: keyPem };
      expect(namesIn(await ambient.ask(undefined, idOf(web), identity))).toBe(refused);
      expect(namesIn(await ambient.ask(token, idOf(web), identity))).toBe(refused);
    });

    it('Istio 58: gets the identity of a pod as soon as the API server has it, told or not', async () => {
      for (let n = 0; n < 5; n++) {
        const account = await ambient.account(`new-${n}`);
        await ambient.pod(account, 'a');
        expect(await ask(idOf(account))).toBe(`URI:${idOf(account)}`);
      }
    });

    it('Istio 58: gets it also while the watch is cut and cannot come back', async () => {
      const cut = ambient.proxy.make({ kind: 'hang' }, { when: ({ watch }) => watch });
      ambient.proxy.cutWatches();
      const account = await ambient.account('unwatched');
      await ambient.pod(account, 'a');
      expect(await ask(idOf(account))).toBe(`URI:${idOf(account)}`);
      cut.lift();
      ambient.proxy.cutWatches();
    });
  });

  it('Istio 57: is told to come again until the pods are listed, and gets what it wants then', async () => {
    const cluster = await sharedControlPlane();
    await using ambient = await Ambient.start(cluster, {
      dialect: 'istiod',
      mode: 'review',
      prepare: (proxy) => proxy.make({ kind: 'answer', status: 503 }, { when: ({ path }) => path === '/api/v1/pods' }),
    });
    const web = await ambient.account('web');
    await ambient.pod(web, 'a');
    const token = await ambient.token(ambient.ztunnel, await ambient.pod(ambient.ztunnel, 'a'));
    expect(namesIn(await ambient.ask(token, idOf(web)))).toBe('14 authentication is unavailable, try again');
    using agent = await ambient.mesh.connect();
    const own = idOf(ambient.ztunnel);
    expect(namesIn(await agent.call({ csr: p256Request(own).csr, token }))).toBe(`URI:${own}`);
    ambient.proxy.behave();
    const served = async () => expect(namesIn(await ambient.ask(token, idOf(web)))).toBe(`URI:${idOf(web)}`);
    await vi.waitFor(served, patiently);
  });

  it('Istio 59: in two clusters whose names are all the same gets what runs in its own alone', async () => {
    await using other = await Cluster.start();
    await using ambient = await Ambient.start(await sharedControlPlane(), { dialect: 'istiod', mode: 'local' });
    const web = await ambient.account('web');
    const till = await ambient.account('till');
    const here = await ambient.token(ambient.ztunnel, await ambient.pod(ambient.ztunnel, 'a', { name: 'ztunnel-a' }));
    const { node } = await ambient.pod(web, 'a');
    await other.admin.create('/api/v1/namespaces', { metadata: { name: web.namespace } });
    await createNode(other.admin, node);
    for (const { namespace, name } of [ambient.ztunnel, web, till]) {
      await createServiceAccount(other.admin, namespace, name);
    }
    const agent = await createPod(other.admin, ambient.ztunnel, { name: 'ztunnel-a', node });
    await createPod(other.admin, till, { node });
    const there = await requestToken(other.admin, ambient.ztunnel, { audiences: ['istio-ca'], pod: agent });
    await ambient.addRemote('remote', other);

    using connection = await ambient.mesh.connect();
    const ask = async (cluster: string, token: string, account: ServiceAccount) =>
      namesIn(await askFor(connection, token, idOf(account), cluster));
    await vi.waitFor(async () => expect(await ask('remote', there, till)).toBe(`URI:${idOf(till)}`), patiently);
    await vi.waitFor(async () => expect(await ask('Kubernetes', here, web)).toBe(`URI:${idOf(web)}`), patiently);
    const refused = '16 request impersonation authentication failure';
    expect([await ask('remote', there, web), await ask('Kubernetes', here, till)]).toEqual([refused, refused]);
    const unproven = '16 request authenticate failure';
    expect([await ask('remote', here, web), await ask('Kubernetes', there, till)]).toEqual([unproven, unproven]);
  });
});
