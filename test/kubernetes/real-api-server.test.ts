import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ApiError, type ApiRequest, type KubernetesApi, type KubernetesObject } from '#kubernetes/api.ts';
import { type ConnectOptions, connect } from '#kubernetes/connect.ts';
import { readKubeconfig } from '#kubernetes/kubeconfig.ts';
import { LeaseElector } from '#kubernetes/lease-elector.ts';
import { type Pace, systemPace } from '#kubernetes/pace.ts';
import { Reflector } from '#kubernetes/reflector.ts';
import { describeWith } from '#test/oracles.ts';
import { type Access, at } from '#test/support/control-plane/client.ts';
import { Cluster } from '#test/support/control-plane/cluster.ts';
import { kubeconfig } from '#test/support/control-plane/kubeconfig.ts';
import { createNamespace, createServiceAccount, requestToken } from '#test/support/control-plane/objects.ts';
import { UnrulyProxy } from '#test/support/control-plane/unruly-proxy.ts';
import { FakePace, until } from './fake-pace.ts';

interface Kept {
  readonly name: string;
  readonly uid: string;
  readonly version: string;
}

const keep = (object: KubernetesObject): Kept => ({
  name: String(at(object, 'metadata', 'name')),
  uid: String(at(object, 'metadata', 'uid')),
  version: String(at(object, 'metadata', 'resourceVersion')),
});

/** As the system's, but nobody waits long between attempts; the limits of a watch itself stay. */
const limits = [30_000, 60_000, 150_000];
const quick: Pace = {
  ...systemPace,
  after: (ms, run) => systemPace.after(limits.includes(ms) ? ms : Math.min(ms, 50), run),
};

const clusterOf = (access: Access) => readKubeconfig(kubeconfig(access), { file: 'kubeconfig', folder: '/' });

async function refusal(promise: Promise<unknown>): Promise<ApiError> {
  const thrown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof ApiError) return thrown;
  throw new Error('no ApiError', { cause: thrown });
}

describeWith(['control-plane'], 'with a real API server', () => {
  let cluster: Cluster;
  let proxy: UnrulyProxy;
  let namespace: string;
  let path: string;
  const open: KubernetesApi[] = [];
  const views: Reflector<Kept>[] = [];

  beforeAll(async () => {
    cluster = await Cluster.start();
    proxy = await UnrulyProxy.start(cluster.facts.access);
  });

  afterAll(async () => {
    await proxy[Symbol.asyncDispose]();
    await cluster.stop();
  });

  beforeEach(async () => {
    namespace = await createNamespace(cluster.admin);
    path = `/api/v1/namespaces/${namespace}/configmaps`;
  });

  afterEach(async () => {
    proxy.behave();
    await Promise.all(views.splice(0).map((view) => view.stop()));
    await Promise.all(open.splice(0).map((api) => api.close()));
  });

  function client(options: ConnectOptions = {}, access = proxy.access()): KubernetesApi {
    const api = connect(clusterOf(access), options);
    open.push(api);
    return api;
  }

  function follow(api: KubernetesApi, pace: Pace = quick, onChange?: (key: string) => void): Reflector<Kept> {
    const view = new Reflector<Kept>({ api, path, strip: keep, pace, onChange: ({ key }) => onChange?.(key) });
    views.push(view);
    view.start();
    return view;
  }

  const put = (name: string, data: Record<string, string> = {}) =>
    cluster.admin.create(path, { metadata: { name }, data });
  const fill = async (count: number) => {
    for (let from = 0; from < count; from += 20) {
      await Promise.all(Array.from({ length: 20 }, (_, i) => put(`map-${from + i}`)));
    }
  };
  const inserver = async () => {
    const items = at(await cluster.admin.get(path), 'items');
    return Array.isArray(items) ? items.map(keep).toSorted(byName) : [];
  };
  const byName = (a: Kept, b: Kept) => a.name.localeCompare(b.name);
  /** Waits until the view is what a fresh list says. */
  const same = async (view: Reflector<Kept>) => {
    const truth = JSON.stringify(await inserver());
    await until(() => view.synced && JSON.stringify([...view.all()].toSorted(byName)) === truth);
  };
  const seen = (from: number) => proxy.seen.slice(from).filter(({ path: at }) => at === path);

  describe('a client', () => {
    it('comes in with a token, with a client certificate and with the kubeconfig of an administrator', async () => {
      const key = await cluster.clientCertificate('somebody', ['system:masters']);
      const { access } = cluster.facts;
      for (const text of [kubeconfig(access), kubeconfig(access, { clientCertificate: key }), cluster.kubeconfig]) {
        const api = connect(readKubeconfig(text, { file: 'k', folder: '/', hardened: true }));
        open.push(api);
        expect(await api.ask({ method: 'GET', path: '/api/v1/namespaces/default' })).toMatchObject({
          kind: 'Namespace',
        });
      }
    });

    it('creates, patches, applies, replaces and deletes, and is told of conflicts', async () => {
      const api = client();
      const one = `${path}/one`;
      const made = await api.ask({ method: 'POST', path, body: { metadata: { name: 'one' }, data: { a: '1' } } });
      const patch = { contentType: 'application/merge-patch+json', body: { data: { b: '2' } } } as const;
      await api.ask({ method: 'PATCH', path: one, ...patch });
      const apply = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'one' }, data: { c: '3' } };
      await api.ask({
        method: 'PATCH',
        path: one,
        query: { fieldManager: 'countersign', force: 'true' },
        contentType: 'application/apply-patch+yaml',
        body: apply,
      });
      expect(await api.ask({ method: 'GET', path: one })).toMatchObject({ data: { a: '1', b: '2', c: '3' } });
      expect(await refusal(api.ask({ method: 'PUT', path: one, body: made }))).toMatchObject({
        status: 409,
        reason: 'Conflict',
      });
      expect(await refusal(api.ask({ method: 'POST', path, body: apply }))).toMatchObject({
        status: 409,
        reason: 'AlreadyExists',
      });
      await api.ask({ method: 'DELETE', path: one });
      expect(await refusal(api.ask({ method: 'GET', path: one }))).toMatchObject({ status: 404, reason: 'NotFound' });
    });

    it('is told who may not', async () => {
      const account = await createServiceAccount(cluster.admin, namespace);
      const token = await requestToken(cluster.admin, account);
      const api = client({}, { ...cluster.facts.access, token });
      const error = await refusal(api.ask({ method: 'GET', path }));
      expect(error).toMatchObject({ status: 403, reason: 'Forbidden' });
      expect(error.message).toContain('cannot list resource "configmaps"');
      expect(error.message).not.toContain(token);
      const nobody = client({}, { ...cluster.facts.access, token: 'wrong' });
      expect(await refusal(nobody.ask({ method: 'GET', path }))).toMatchObject({ status: 401, reason: 'Unauthorized' });
    });

    it('of a hung API server is answered within the bound', async () => {
      const direct = client({ timeoutMs: 300 }, cluster.facts.access);
      const request: ApiRequest = { method: 'GET', path };
      await direct.ask(request);
      await cluster.pause();
      try {
        for (const api of [direct, client({ timeoutMs: 300 }, cluster.facts.access)]) {
          expect(await refusal(api.ask(request))).toMatchObject({
            status: 0,
            message: expect.stringContaining('within 300 ms'),
          });
        }
      } finally {
        cluster.resume();
      }
      const patient = client({}, cluster.facts.access);
      await patient.ask(request);
    });
  });

  describe('a view', () => {
    it('of 1,200 objects is streamed, and listed by pages where streaming is refused, to the same set', async () => {
      await fill(1200);
      let from = proxy.seen.length;
      const streamed = follow(client());
      await same(streamed);
      expect(seen(from).map(({ query }) => query.get('sendInitialEvents'))).toEqual(['true']);
      from = proxy.seen.length;
      proxy.make({ kind: 'answer', status: 422 }, { when: ({ query }) => query.has('sendInitialEvents') });
      const listed = follow(client());
      await same(listed);
      await put('later');
      await same(streamed);
      await same(listed);
      const pages = seen(from).filter(({ query }) => query.get('limit') === '500');
      expect(pages.length).toBe(3);
      expect(listed.size).toBe(1201);
    });

    it('K-77: begins its list anew where what a page continues is forgotten', async () => {
      await fill(520);
      proxy.make({ kind: 'answer', status: 422 }, { when: ({ query }) => query.has('sendInitialEvents') });
      proxy.make({ kind: 'answer', status: 410 }, { when: ({ query }) => query.has('continue'), times: 1 });
      const from = proxy.seen.length;
      const view = follow(client());
      await same(view);
      expect(seen(from).filter(({ query }) => query.has('limit')).length).toBe(4);
    });

    it('K-77: whose past the server has forgotten is had anew, and what vanished meanwhile is told', async () => {
      await fill(20);
      const told: string[] = [];
      const view = follow(client(), quick, (key) => told.push(key));
      await same(view);
      told.length = 0;
      await proxy.refuse();
      await cluster.admin.delete(`${path}/map-3`);
      await cluster.admin.patch(`${path}/map-4`, { data: { changed: 'yes' } });
      for (let i = 0; i < 5; i++) await put(`meanwhile-${i}`);
      await cluster.forget();
      await cluster.down();
      await cluster.up();
      await proxy.accept();
      await same(view);
      expect(view.wholeSets).toBe(2);
      expect(told.toSorted()).toEqual(
        ['map-3', 'map-4', ...Array.from({ length: 5 }, (_, i) => `meanwhile-${i}`)].map(
          (name) => `${namespace}/${name}`,
        ),
      );
    });

    it.each([
      ['connections dropped', { kind: 'drop' }],
      ['answers cut', { kind: 'truncate', octets: 700 }],
      ['401', { kind: 'answer', status: 401 }],
      ['403', { kind: 'answer', status: 403 }],
      ['410', { kind: 'answer', status: 410 }],
      ['429 with Retry-After', { kind: 'answer', status: 429, retryAfterSeconds: 1 }],
      ['500', { kind: 'answer', status: 500 }],
      ['503', { kind: 'answer', status: 503 }],
    ] as const)('K-77: loses nothing where it meets %s while objects change', async (_, fault) => {
      await fill(20);
      const view = follow(client());
      await same(view);
      const made = proxy.make(fault, { when: ({ watch, path: asked }) => watch && asked === path, times: 3 });
      for (let round = 0; round < 4; round++) {
        proxy.cutWatches();
        await put(`round-${round}`);
        await cluster.admin.patch(`${path}/map-1`, { data: { round: String(round) } });
        await cluster.admin.delete(`${path}/map-${10 + round}`);
      }
      await same(view);
      await until(() => {
        proxy.cutWatches();
        return made.met === 3;
      });
      await same(view);
      expect(view.synced).toBe(true);
    });

    it('K-77: loses nothing where an event is 410, and where its connection falls silent', async () => {
      const pace = new FakePace();
      const view = follow(client({}, proxy.access()), pace);
      await same(view);
      proxy.sayToWatches({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } });
      await until(() => view.wholeSets === 2);
      await until(() => proxy.watches === 1);
      // from here on the watch is open and tells nothing
      proxy.make(
        { kind: 'stall', octets: 0 },
        { when: ({ watch, query }) => watch && query.get('timeoutSeconds') !== '1', times: 1 },
      );
      proxy.cutWatches();
      await pace.pass(800);
      await put('unheard');
      pace.advance(30_000);
      await pace.pass(1600);
      await same(view);
      expect(view.wholeSets).toBe(2);
    });

    it('goes through a hung API server: it serves on, says since when, and catches up', async () => {
      await fill(20);
      const view = follow(client({ timeoutMs: 300 }));
      await same(view);
      await cluster.pause();
      try {
        proxy.cutWatches();
        await until(() => view.fault?.includes('within 300 ms') === true);
        expect(view.size).toBe(20);
        expect(view.ready).toBe(true);
        expect(view.lastContact).toBeLessThan(Date.now());
      } finally {
        cluster.resume();
      }
      await put('afterwards');
      await same(view);
    });

    it('of an object that takes more than 2 MiB of JSON goes on', async () => {
      const view = follow(client());
      await same(view);
      await put('fat', { fat: '\u0001'.repeat(450_000) });
      await same(view);
      await put('thin');
      await same(view);
      expect(view.wholeSets).toBe(1);
    });
  });

  describe('a lease', () => {
    it('K-80: goes from one to the next on release, and reads as any other', async () => {
      const pace = new FakePace();
      const api = client();
      const elector = (identity: string) => new LeaseElector({ api, namespace, name: 'countersign', identity, pace });
      const [first, second] = [elector('first'), elector('second')];
      /** Lets waits between attempts pass, whenever all who take part have come to theirs. */
      const passUntil = async (electors: number, condition: () => boolean) => {
        const areWaiting = () => pace.waits.filter((ms) => ms === 2000).length === electors;
        for (;;) {
          await until(() => condition() || areWaiting());
          if (condition()) return;
          pace.advance(2000);
        }
      };
      first.start();
      await passUntil(1, () => first.leading);
      second.start();
      await passUntil(2, () => second.holder === 'first');
      const since = pace.elapsed();
      await passUntil(2, () => pace.elapsed() - since >= 10_000);
      expect([first.leading, second.leading]).toEqual([true, false]);
      await first.stop();
      await passUntil(1, () => second.leading);
      const lease = await cluster.admin.get(`/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/countersign`);
      expect(at(lease, 'spec')).toMatchObject({
        holderIdentity: 'second',
        leaseDurationSeconds: 15,
        leaseTransitions: 1,
      });
      await second.stop();
    });
  });
});
