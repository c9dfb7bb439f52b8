import { hash } from 'node:crypto';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { Clusters } from '#authn/kubernetes/clusters.ts';
import { readKubeconfigSecret } from '#authn/remote/kubeconfig-secret.ts';
import type { OpenCluster } from '#authn/remote/open-cluster.ts';
import { RemoteClusters } from '#authn/remote/remote-clusters.ts';
import type { Whereabouts } from '#authn/remote/whereabouts.ts';
import type { Cluster as ApiServer } from '#kubernetes/cluster.ts';
import { FakePace } from '#test/kubernetes/fake-pace.ts';
import { kubeconfigText, secretObject, testCa } from './kubeconfigs.ts';

const prover = { prove: () => Promise.reject(new Error('not asked')) };

/** Stands where a cluster would be followed. */
class Opened implements OpenCluster {
  readonly prover = prover;
  readonly id: string;
  readonly token: string;
  awaits: string | undefined;
  closed = false;

  constructor(id: string, { token }: ApiServer) {
    this.id = id;
    this.token = token !== undefined && 'inline' in token ? token.inline : '';
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}

const graceMs = 9000;

describe('remote clusters, by their Secrets', () => {
  let pace: FakePace;
  let clusters: Clusters;
  let opened: Opened[];
  let told: string[];
  let places: Whereabouts[];
  let awaits: string | undefined;
  let remote: RemoteClusters;
  const begin = () => {
    pace = new FakePace();
    clusters = new Clusters({ id: 'Kubernetes', prover }, new Map([['home', 'Kubernetes']]));
    opened = [];
    told = [];
    places = [];
    awaits = undefined;
    remote = new RemoteClusters({
      clusters,
      reserved: (id) => (['Kubernetes', 'home'].includes(id) ? 'it is ours' : undefined),
      open(id, at) {
        const cluster = new Opened(id, at);
        cluster.awaits = awaits;
        opened.push(cluster);
        return cluster;
      },
      listener: {
        added(id, secret, where) {
          told.push(`added ${id} ${secret}`);
          places.push(where);
        },
        changed(id, secret, where, missing) {
          told.push(`changed ${id} ${secret} ${missing ?? ''}`);
          places.push(where);
        },
        removed: (...words) => void told.push(`removed ${words.join(' ')}`),
        refused: (...words) => void told.push(`refused ${words.join(' ')}`),
      },
      pace,
      graceMs,
    });
  };
  beforeEach(begin);
  /** Secret → cluster id → token; later Secrets are younger unless told. */
  const see = (secrets: Readonly<Record<string, Readonly<Record<string, string>>>>, ages: readonly number[] = []) =>
    remote.reconcile(
      Object.entries(secrets).map(([name, ids], at) => {
        const texts = Object.entries(ids).map(([id, token]) => [
          id,
          token === '' ? 'no kubeconfig' : kubeconfigText({ token }),
        ]);
        return readKubeconfigSecret(secretObject(name, Object.fromEntries(texts), ages[at] ?? at), []);
      }),
    );
  const inUse = (id: string) => {
    const cluster = clusters.known(id);
    return cluster instanceof Opened ? cluster.token : undefined;
  };
  const news = () => told.splice(0);

  it('Istio 40: come with their Secret and go with it', () => {
    see({ a: { west: 't1', east: 't2' } });
    expect([inUse('west'), inUse('east')]).toEqual(['t1', 't2']);
    see({ a: { west: 't1' } });
    expect([inUse('west'), inUse('east')]).toEqual(['t1', undefined]);
    see({});
    expect(inUse('west')).toBeUndefined();
    expect(news()).toEqual([
      'added east istio-system/a',
      'added west istio-system/a',
      'removed east istio-system/a',
      'removed west istio-system/a',
    ]);
  });

  it('are told of by where they are and who vouches for them, and by nothing that opens them', () => {
    see({ a: { west: 't1' } });
    see({ a: { west: 't2' } });
    pace.advance(500);
    const where = { server: 'https://10.0.0.1:6443', caSha256: hash('sha256', testCa, 'hex') };
    expect(places).toEqual([where, where]);
  });

  it('stay as they are while the Secrets do', () => {
    see({ a: { west: 't1' } });
    see({ a: { west: 't1' }, b: {} });
    pace.advance(60_000);
    expect(opened).toHaveLength(1);
    expect(news()).toEqual(['added west istio-system/a']);
  });

  it('Istio 40: use new credentials as soon as the cluster is known by them', () => {
    see({ a: { west: 't1' } });
    awaits = 'the first list of pods is not there';
    see({ a: { west: 't2' } });
    pace.advance(500);
    expect(inUse('west')).toBe('t1');
    for (const cluster of opened) cluster.awaits = undefined;
    pace.advance(100);
    expect(inUse('west')).toBe('t2');
    expect(news()).toEqual(['added west istio-system/a', 'changed west istio-system/a ']);
  });

  it('use new credentials after ten seconds, whatever they are good for', () => {
    see({ a: { west: 't1' } });
    awaits = 'nothing is there';
    see({ a: { west: 't2' } });
    pace.advance(9900);
    expect(inUse('west')).toBe('t1');
    pace.advance(200);
    expect(inUse('west')).toBe('t2');
    expect(news()).toContain('changed west istio-system/a nothing is there');
  });

  it('use the last of several changes, and close those between', () => {
    see({ a: { west: 't1' } });
    awaits = 'nothing is there';
    see({ a: { west: 't2' } });
    see({ a: { west: 't3' } });
    for (const cluster of opened) cluster.awaits = undefined;
    pace.advance(100);
    expect(inUse('west')).toBe('t3');
    expect(opened.map(({ token, closed }) => [token, closed])).toEqual([
      ['t1', false],
      ['t2', true],
      ['t3', false],
    ]);
  });

  it('that are removed while they change are gone', () => {
    see({ a: { west: 't1' } });
    awaits = 'nothing is there';
    see({ a: { west: 't2' } });
    see({});
    for (const cluster of opened) cluster.awaits = undefined;
    pace.advance(graceMs);
    expect(inUse('west')).toBeUndefined();
    expect(opened.map(({ closed }) => closed)).toEqual([true, true]);
  });

  it.each([
    ['removed', {}],
    ['changed', { a: { west: 't2' } }],
  ])('that are %s end what they had begun before they are closed', (_, after) => {
    see({ a: { west: 't1' } });
    see(after);
    pace.advance(0);
    expect(inUse('west')).not.toBe('t1');
    pace.advance(graceMs - 1);
    expect(opened[0]?.closed).toBe(false);
    pace.advance(1);
    expect(opened[0]?.closed).toBe(true);
    expect(opened.slice(1).some(({ closed }) => closed)).toBe(false);
  });

  it('that change without end do not pile up', () => {
    see({ a: { west: 't' } });
    for (let n = 0; n < 100; n++) {
      see({ a: { west: `t${n}` } });
      pace.advance(0);
    }
    expect(opened.filter(({ closed }) => !closed)).toHaveLength(65);
    expect(inUse('west')).toBe('t99');
  });

  it('belong to the Secret that had them first; another one is refused once, and has its turn later', () => {
    see({ a: { west: 't1' }, b: { west: 't2', east: 't3' } });
    see({ a: { west: 't1' }, b: { west: 't2', east: 't3' } });
    expect([inUse('west'), inUse('east')]).toEqual(['t1', 't3']);
    expect(news()).toEqual([
      'added west istio-system/a',
      'refused west istio-system/b the cluster west is that of Secret istio-system/a',
      'added east istio-system/b',
    ]);
    expect(remote.refused).toBe(1);
    see({ b: { west: 't2', east: 't3' } });
    expect(inUse('west')).toBe('t2');
    expect(news()).toEqual(['removed west istio-system/a', 'added west istio-system/b']);
    expect(remote.refused).toBe(0);
  });

  it('belong to the oldest Secret when several are seen at once, in whatever order', () => {
    see({ a: { west: 'young' }, b: { west: 'old' } }, [9, 3]);
    expect(inUse('west')).toBe('old');
  });

  it('stay with who has them when an older Secret names them too', () => {
    see({ young: { west: 't1' } }, [9]);
    see({ young: { west: 't1' }, old: { west: 't2' } }, [9, 3]);
    expect(inUse('west')).toBe('t1');
  });

  it.each(['Kubernetes', 'home'])('are not called %s as our own is', (id) => {
    see({ a: { [id]: 't1' } });
    expect(opened).toEqual([]);
    expect(news()).toEqual([`refused ${id} istio-system/a it is ours`]);
  });

  it('stay when what replaces their kubeconfig is none, and follow the next that is one', () => {
    see({ a: { west: 't1' } });
    see({ a: { west: '' } });
    pace.advance(60_000);
    expect(inUse('west')).toBe('t1');
    expect(news()[1]).toMatch(/^refused west istio-system\/a istio-system\/a\[west\]/);
    see({ a: { west: 't2' } });
    pace.advance(0);
    expect(inUse('west')).toBe('t2');
    expect(remote.refused).toBe(0);
  });

  it('are not kept by credentials of a Secret that is gone because another one names them badly', () => {
    see({ a: { west: 't1' }, b: { west: '' } });
    see({ b: { west: '' } });
    expect(inUse('west')).toBeUndefined();
  });

  it('are taken from another Secret where the oldest is no kubeconfig', () => {
    see({ a: { west: '' }, b: { west: 't2' } });
    expect(inUse('west')).toBe('t2');
  });

  it('are 64 at most; one more comes in when another goes', () => {
    const many = Object.fromEntries(Array.from({ length: 64 }, (_, n) => [`c${n}`, { [`c${n}`]: 't' }]));
    see({ ...many, last: { last: 't' } });
    expect(opened).toHaveLength(64);
    expect(news().at(-1)).toBe('refused last istio-system/last there are 64 remote clusters already');
    const { c0: _, ...rest } = many;
    see({ ...rest, last: { last: 't' } });
    expect(inUse('last')).toBe('t');
  });

  it('are those that the Secrets name after any changes, and nothing else stays open', () => {
    const token = fc.constantFrom('t1', 't2', '');
    const ids = fc.dictionary(fc.constantFrom('west', 'east', 'home'), token, { noNullPrototype: true });
    const secrets = fc.dictionary(fc.constantFrom('a', 'b', 'c'), ids, { noNullPrototype: true });
    const step = fc.record({
      secrets,
      ms: fc.constantFrom(0, 150, 20_000),
      awaits: fc.constantFrom(undefined, 'more'),
    });
    const property = fc.property(fc.array(step, { maxLength: 8 }), secrets, (steps, last) => {
      begin();
      for (const each of [...steps, { secrets: last, ms: 20_000, awaits: undefined }]) {
        awaits = each.awaits;
        see(each.secrets);
        for (const { id } of remote.live) expect(Object.values(each.secrets).some((named) => id in named)).toBe(true);
        pace.advance(each.ms);
      }
      for (const id of ['west', 'east', 'home']) {
        const named = Object.values(last).flatMap((each) => each[id] ?? []);
        const inUseNow = inUse(id);
        if (id === 'home' || named.length === 0) expect(inUseNow).toBeUndefined();
        else if (named.some((each) => each !== '')) expect(inUseNow).toBeDefined();
      }
      expect(remote.live.every(({ id }) => clusters.known(id) !== undefined)).toBe(true);
      expect(opened.filter(({ closed }) => !closed)).toHaveLength(remote.live.length);
    });
    fc.assert(property, { numRuns: 300 });
  });

  it('are all closed at the end, those that were leaving too', async () => {
    see({ a: { west: 't1', east: 't2' } });
    awaits = 'nothing is there';
    see({ a: { east: 't3' } });
    await remote.close();
    expect(opened.map(({ closed }) => closed)).toEqual([true, true, true]);
    expect(pace.waits).toEqual([]);
  });
});
