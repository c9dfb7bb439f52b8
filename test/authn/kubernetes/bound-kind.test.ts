import { beforeEach, describe, expect, it } from 'vitest';
import { BoundKind } from '#authn/kubernetes/bound-kind.ts';
import { readBound } from '#authn/kubernetes/object-facts.ts';
import { makeKey, StoppedClock } from '#test/authn/oidc/issuer.ts';
import { Counted } from './provers.ts';
import { ScriptedCluster } from './scripted-cluster.ts';

const own = makeKey('first', 'ES256');
let cluster: ScriptedCluster;
let counted: Counted;
let accounts: BoundKind<ReturnType<typeof readBound>>;
beforeEach(() => {
  cluster = new ScriptedCluster(new StoppedClock(), own);
  counted = new Counted();
  accounts = new BoundKind({
    kind: 'serviceaccounts',
    view: cluster.views.serviceaccounts,
    read: readBound,
    api: cluster,
    clock: cluster.clock,
    timeoutMs: 5000,
    observer: counted,
  });
});

describe('an object asked for at the API server', () => {
  it('is asked for once, however many want it at the same time', async () => {
    const uid = cluster.uid('serviceaccounts', 'demo', 'web');
    const all = await Promise.all(Array.from({ length: 50 }, () => accounts.ask('demo', 'web', uid)));
    expect(new Set(all)).toEqual(new Set([{ uid }]));
    expect(cluster.requests).toHaveLength(1);
    await accounts.ask('demo', 'web', uid);
    expect(cluster.requests).toHaveLength(2);
  });

  it('is asked for apart from another incarnation of it: the answer to an old one says nothing of a new one', async () => {
    const gate = Promise.withResolvers<void>();
    const before = cluster.answer({ method: 'GET', path: '/api/v1/namespaces/demo/serviceaccounts/web' });
    cluster.fault = () => gate.promise.then(() => before);
    const old = accounts.ask('demo', 'web', 'gone for long');
    const uid = cluster.put('serviceaccounts', 'demo', 'web');
    cluster.fault = undefined;
    const fresh = accounts.ask('demo', 'web', uid);
    gate.resolve();
    expect([await old, await fresh]).toEqual(['gone', { uid }]);
  });

  it('is waited for by 256 callers at a time; beyond them it cannot be told', async () => {
    const gate = Promise.withResolvers<void>();
    const uid = cluster.uid('serviceaccounts', 'demo', 'web');
    const answer = cluster.answer({ method: 'GET', path: '/api/v1/namespaces/demo/serviceaccounts/web' });
    cluster.fault = () => gate.promise.then(() => answer);
    const asked = Array.from({ length: 300 }, () => accounts.ask('demo', 'web', uid));
    for (const each of await Promise.all(asked.slice(256))) expect(each).toBe('unavailable');
    gate.resolve();
    for (const each of await Promise.all(asked.slice(0, 256))) expect(each).toEqual({ uid });
    expect(await accounts.ask('demo', 'web', uid)).toEqual({ uid });
  });

  it('has a time limit', async () => {
    await accounts.ask('demo', 'web', 'any');
    expect(cluster.requests[0]?.timeoutMs).toBe(5000);
  });

  it('is remembered as gone for a minute, and only the latest four thousand are', async () => {
    for (let i = 0; i <= 4096; i++) expect(await accounts.ask('demo', 'web', `uid-${i}`)).toBe('gone');
    const before = cluster.requests.length;
    await accounts.ask('demo', 'web', 'uid-1');
    expect(cluster.requests).toHaveLength(before);
    await accounts.ask('demo', 'web', 'uid-0');
    expect(cluster.requests).toHaveLength(before + 1);
    cluster.clock.time += 60_000;
    await accounts.ask('demo', 'web', 'uid-4096');
    expect(cluster.requests).toHaveLength(before + 2);
  });
});
