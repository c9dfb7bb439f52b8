import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { describeWith } from '#test/oracles.ts';
import { at, TestClient } from '#test/support/control-plane/client.ts';
import type { ControlPlane } from '#test/support/control-plane/control-plane.ts';
import { createNamespace, createServiceAccount } from '#test/support/control-plane/objects.ts';
import { sharedControlPlane } from '#test/support/control-plane/shared.ts';
import { type Seen, UnrulyProxy } from '#test/support/control-plane/unruly-proxy.ts';

/** What the suites that lean on the proxy take for granted of it. */
describeWith(['control-plane'], 'the unruly proxy', () => {
  let cluster: ControlPlane;
  let namespace: string;
  let accounts: string;
  let proxy: UnrulyProxy;
  let client: TestClient;

  beforeAll(async () => {
    cluster = await sharedControlPlane();
    namespace = await createNamespace(cluster.admin);
    accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
  });
  beforeEach(async () => {
    proxy = await UnrulyProxy.start(cluster.facts.access);
    client = new TestClient(proxy.access());
  });
  afterEach(async () => {
    client.close();
    await proxy[Symbol.asyncDispose]();
  });
  const list = () => client.ask('GET', accounts);
  const watching = (query = '') => client.watch(`${accounts}?watch=true${query}`);

  it('passes requests on and remembers them', async () => {
    const created = await createServiceAccount(client, namespace);
    expect(at(await cluster.admin.get(`${accounts}/${created.name}`), 'metadata', 'uid')).toBe(created.uid);
    expect(proxy.seen).toMatchObject([{ method: 'POST', path: accounts, watch: false }]);
  });

  it.each([401, 403, 410, 429, 500, 503])('answers %i on command with the Status object of it', async (status) => {
    const made = proxy.make({ kind: 'answer', status, retryAfterSeconds: 7 }, { times: 1 });
    expect(await list()).toMatchObject({
      status,
      headers: { 'retry-after': '7' },
      body: { kind: 'Status', status: 'Failure', code: status },
    });
    expect((await list()).status).toBe(200);
    expect(made.met).toBe(1);
  });

  it('answers what is no JSON on command', async () => {
    proxy.make({ kind: 'answer', status: 200, body: '<html>' });
    expect((await list()).body).toBe('<html>');
  });

  it('cuts a connection before the answer, or in the middle of it', async () => {
    const dropping = proxy.make({ kind: 'drop' });
    await expect(list()).rejects.toThrow(/hang up/);
    dropping.lift();
    proxy.make({ kind: 'truncate', octets: 10 });
    await expect(list()).rejects.toThrow(/aborted/);
  });

  it('befalls only those requests that are meant', async () => {
    const when = ({ method, path }: Seen) => method === 'POST' && path.endsWith('/serviceaccounts');
    proxy.make({ kind: 'answer', status: 403 }, { when });
    await expect(createServiceAccount(client, namespace)).rejects.toThrow(/403/);
    expect((await list()).status).toBe(200);
  });

  it.each([{ kind: 'hang' }, { kind: 'stall', octets: 10 }, { kind: 'delay', ms: 3_600_000 }] as const)(
    'lets a request wait on an open connection: $kind',
    async (fault) => {
      proxy.make(fault, { times: 1 });
      const waiting = list().then(
        () => 'answered',
        () => 'cut',
      );
      // The next one is served meanwhile.
      expect((await list()).status).toBe(200);
      expect(await Promise.race([waiting, Promise.resolve('waiting')])).toBe('waiting');
      await proxy.refuse();
      expect(await waiting).toBe('cut');
      await proxy.accept();
    },
  );

  it('passes a request on after a delay', async () => {
    proxy.make({ kind: 'delay', ms: 20 });
    expect((await list()).status).toBe(200);
  });

  it('puts events into watches, and cuts them', async () => {
    const events = watching('&resourceVersion=0');
    expect((await events.next()).value).toMatchObject({ type: 'ADDED' });
    expect(proxy.watches).toBe(1);
    proxy.sayToWatches({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } });
    let last: unknown;
    do last = (await events.next()).value;
    while (at(last, 'type') === 'ADDED');
    expect(last).toMatchObject({ type: 'ERROR', object: { code: 410 } });
    proxy.cutWatches();
    await expect(events.next()).rejects.toThrow(/aborted/);
    await expect.poll(() => proxy.watches, { timeout: 10_000 }).toBe(0);
  });

  it('refuses connections and takes them again on the same port', async () => {
    expect((await list()).status).toBe(200);
    await proxy.refuse();
    await expect(list()).rejects.toThrow(/ECONNREFUSED|ECONNRESET|hang up/);
    await proxy.accept();
    expect((await list()).status).toBe(200);
  });
});
