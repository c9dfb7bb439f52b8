import { beforeEach, describe, expect, it } from 'vitest';
import type { KubernetesObject } from '#kubernetes/api.ts';
import { ApiError } from '#kubernetes/api.ts';
import { away, counted, Mesh, web } from './pods.ts';

const not = /^authn\.impersonation: /;
const later = /^authn\.unavailable: /;
const till = 'spiffe://cluster.local/ns/demo/sa/till';
const minute = 60_000;

let mesh: Mesh;
beforeEach(() => {
  mesh = new Mesh();
  counted.length = 0;
});

describe('what runs on a node', () => {
  it('Istio 57: is not known before the first list is there, and who asks is told to come again', async () => {
    mesh.pods.synced = false;
    expect(await mesh.ask()).toMatch(later);
    expect(await mesh.ask(till)).toMatch(later);
    expect(mesh.pods.requests).toEqual([]);
    mesh.pods.synced = true;
    expect(await mesh.ask()).toBe(web);
  });

  it('Istio 58: includes a pod as soon as the watch tells of it, also right after it was asked for in vain', async () => {
    expect(await mesh.ask(till)).toMatch(not);
    mesh.pods.put('demo/till/till-1@node-a');
    expect(await mesh.ask(till)).toBe(till);
  });

  it('Istio 58: includes a pod that the watch has not told of yet, be it the one that asks or the one asked for', async () => {
    mesh.pods.put('demo/till/till-1@node-a', { untold: true });
    expect(await mesh.ask(till)).toBe(till);
    const uid = mesh.pods.put('istio-system/ztunnel/ztunnel-c@node-a', { untold: true });
    expect(await mesh.ask(web, mesh.caller({ pod: { name: 'ztunnel-c', uid } }))).toBe(web);
    expect(counted).toEqual(['pods found', 'pods found']);
  });

  it('Istio 58: includes a pod that was made again under its name before the watch told of it', async () => {
    const uid = mesh.pods.put('istio-system/ztunnel/ztunnel-a@node-b', { untold: true });
    const renewed = mesh.caller({ pod: { name: 'ztunnel-a', uid } });
    expect(await mesh.ask(web, renewed)).toMatch(not);
    mesh.pods.put('demo/till/till-1@node-b');
    expect(await mesh.ask(till, renewed)).toBe(till);
  });

  it('Istio 58: is asked for again a second after it was not there', async () => {
    expect(await mesh.ask(till)).toMatch(not);
    mesh.pods.put('demo/till/till-1@node-a', { untold: true });
    expect(await mesh.ask(till)).toMatch(not);
    mesh.pods.clock.time += 1000;
    expect(await mesh.ask(till)).toBe(till);
  });

  it('is asked for once, however many want to know it at the same time and within a second', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => mesh.ask(till)));
    for (const answer of [...answers, await mesh.ask(till)]) expect(answer).toMatch(not);
    expect(mesh.pods.requests).toHaveLength(1);
  });

  it('is asked for by sixteen at a time, and the rest is told to come again', async () => {
    const open: (() => void)[] = [];
    mesh.pods.outage = () => new Promise((resolve) => open.push(() => resolve({ items: [] })));
    const asked = Array.from({ length: 20 }, (_, at) => mesh.ask(`spiffe://cluster.local/ns/demo/sa/a${at}`));
    const beyond = await Promise.all(asked.slice(16));
    for (const each of beyond) expect(each).toMatch(later);
    expect(open).toHaveLength(16);
    for (const answer of open) answer();
    for (const each of await Promise.all(asked.slice(0, 16))) expect(each).toMatch(not);
  });

  it('is waited for by 256 callers at a time, and the rest is told to come again', async () => {
    const open: (() => void)[] = [];
    mesh.pods.outage = () => new Promise((resolve) => open.push(() => resolve({ items: [] })));
    const asked = Array.from({ length: 300 }, () => mesh.ask(till));
    for (const each of await Promise.all(asked.slice(256))) expect(each).toMatch(later);
    for (const answer of open) answer();
    for (const each of await Promise.all(asked.slice(0, 256))) expect(each).toMatch(not);
    mesh.pods.clock.time += 1000;
    mesh.pods.outage = undefined;
    expect(await mesh.ask(till)).toMatch(not);
  });

  it('is known on from a stale watch, the API server being away, for as long as that is allowed', async () => {
    mesh.pods.outage = away;
    mesh.pods.clock.time += minute;
    expect(await mesh.ask()).toBe(web);
    expect(mesh.pods.requests).toHaveLength(0);
    mesh.pods.clock.time += 1;
    expect(await mesh.ask()).toBe(web);
    expect(counted).toEqual(['pods unavailable']);
    mesh.pods.clock.time += 9 * minute;
    expect(await mesh.ask()).toMatch(later);
  });

  it('is asked for where the watch is stale: what has gone unseen does not count', async () => {
    mesh.pods.clock.time += minute + 1;
    expect(await mesh.ask()).toBe(web);
    mesh.pods.remove('demo', 'web-1', { untold: true });
    expect(await mesh.ask()).toMatch(not);
  });

  it('is not asked for within a second after the API server was away', async () => {
    mesh.pods.outage = away;
    for (let n = 0; n < 10; n++) expect(await mesh.ask(`spiffe://cluster.local/ns/demo/sa/a${n}`)).toMatch(later);
    expect(mesh.pods.requests).toHaveLength(1);
    mesh.pods.outage = undefined;
    mesh.pods.clock.time += 1000;
    expect(await mesh.ask(till)).toMatch(not);
  });

  it('is asked for where the clock was set back, by however much: how old a view is, nobody knows then', async () => {
    mesh.pods.clock.time -= 3_600_000;
    expect(await mesh.ask()).toBe(web);
    expect(mesh.pods.requests).toHaveLength(2);
    expect(await mesh.ask(till)).toMatch(not);
    mesh.pods.clock.time -= 3_600_000;
    mesh.pods.put('demo/till/till-1@node-a', { untold: true });
    expect(await mesh.ask(till)).toBe(till);
    mesh.pods.outage = away;
    expect(await mesh.ask(till)).toMatch(later);
    mesh.pods.outage = undefined;
    mesh.pods.clock.time -= 3_600_000;
    expect(await mesh.ask(till)).toBe(till);
  });

  const nonsense: readonly [what: string, answer: () => Promise<KubernetesObject>][] = [
    ['a 404 without a reason', () => Promise.reject(new ApiError('404', { status: 404 }))],
    ['that we may not look', () => Promise.reject(new ApiError('403 Forbidden', { status: 403, reason: 'Forbidden' }))],
    ['a fault', () => Promise.reject(new ApiError('500', { status: 500, reason: 'InternalError' }))],
    ['no list', () => Promise.resolve({ kind: 'Status' })],
    ['a list of what is no pod', () => Promise.resolve({ items: [null] })],
    ['a list of numbers', () => Promise.resolve({ items: [1, 2] })],
  ];
  it.each(nonsense)('is not told by an API server that answers %s: that is nobody else’s fault', async (_, answer) => {
    mesh.pods.outage = answer;
    expect(await mesh.ask(till)).toMatch(later);
  });

  it('is what the pods say, whatever an API server makes of the question', async () => {
    const pod = (over: object) => ({
      metadata: { namespace: 'demo', name: 'till-1', uid: 'u' },
      spec: { nodeName: 'node-a', serviceAccountName: 'till' },
      ...over,
    });
    const items = [
      pod({ spec: { nodeName: 'node-b', serviceAccountName: 'till' } }),
      pod({ spec: { nodeName: 'node-a', serviceAccountName: 'web' } }),
      pod({ metadata: { namespace: 'shop', name: 'till-1', uid: 'u' } }),
    ];
    mesh.pods.outage = async () => ({ items });
    expect(await mesh.ask(till)).toMatch(not);
    items.push(pod({}));
    mesh.pods.clock.time += 1000;
    expect(await mesh.ask(till)).toBe(till);
  });
});
