import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ClusterTrustBundles } from '#distribution/cluster-trust-bundles.ts';
import { readIssuerObject } from '#doors/kubernetes/issuer-object.ts';
import type { KubernetesObject } from '#kubernetes/api.ts';
import { keepIssuerBundles } from '#server/cluster-requests/issuer-bundles.ts';
import { FakeCluster } from '#test/distribution/fake-cluster.ts';
import { turns } from '#test/distribution/rig.ts';
import { FakePace } from '#test/kubernetes/fake-pace.ts';
import { at } from '#test/support/control-plane/client.ts';

const collection = '/apis/certificates.k8s.io/v1beta1/clustertrustbundles';
const pathOf = (issuer: string) =>
  `${collection}/${encodeURIComponent(`clusterissuers.countersign.dev:${issuer}:roots`)}`;

describe('the ClusterTrustBundles of ClusterIssuers', () => {
  const issuers = new Map<string, NonNullable<ReturnType<typeof readIssuerObject>>>();
  let cluster: FakeCluster;
  let bundles: ClusterTrustBundles;
  let told: string[];
  let roots: string;
  beforeEach(() => {
    issuers.clear();
    cluster = new FakeCluster();
    told = [];
    roots = 'roots';
    const around = {
      ...{ api: cluster, pace: new FakePace(), bundle: () => roots, term: () => new AbortController().signal },
      observer: { wrote: () => undefined, told: (_: string, __: string, message: string) => told.push(message) },
    };
    keepIssuerBundles(
      (kept) => {
        bundles = new ClusterTrustBundles(around, kept);
        return bundles;
      },
      { clusterIssuers: () => issuers.values() },
      (message) => told.push(message),
    );
  });
  afterEach(() => bundles.stop());

  /** Made, or made anew. `order`: in which they were. */
  function come(name: string, { uid = `uid-${name}`, order = 0 } = {}): void {
    const creationTimestamp = new Date(Date.UTC(2026, 0, 1, 0, 0, order)).toISOString();
    const metadata = { name, uid, resourceVersion: '1', generation: 1, creationTimestamp };
    const issuer = readIssuerObject({ metadata, spec: {} });
    if (issuer !== undefined) issuers.set(name, issuer);
  }

  async function look(): Promise<void> {
    bundles.refresh();
    await turns(200);
  }

  const bundleOf = (issuer: string): KubernetesObject | undefined => cluster.objects.get(pathOf(issuer));
  const ownersOf = (issuer: string) => at(bundleOf(issuer), 'metadata', 'ownerReferences');
  const owner = (name: string, uid: string) => ({
    apiVersion: 'countersign.dev/v1alpha1',
    kind: 'ClusterIssuer',
    name,
    uid,
  });

  it('K-63: one comes with its issuer, linked to the signer of its name, and ends with it: the issuer is its owner', async () => {
    come('edge.mesh');
    await look();
    expect(bundleOf('edge.mesh')).toMatchObject({
      spec: { signerName: 'clusterissuers.countersign.dev/edge.mesh', trustBundle: 'roots' },
    });
    expect(ownersOf('edge.mesh')).toEqual([owner('edge.mesh', 'uid-edge.mesh')]);
    issuers.clear();
    cluster.remove(pathOf('edge.mesh'));
    await look();
    expect(cluster.objects.size).toBe(0);
  });

  it('K-64: it follows the roots, is mended, and is never empty', async () => {
    roots = '';
    come('mesh');
    await look();
    expect(bundleOf('mesh')).toBeUndefined();
    roots = 'old';
    await look();
    roots = 'old and new';
    await look();
    expect(at(bundleOf('mesh'), 'spec', 'trustBundle')).toBe('old and new');
    cluster.put(pathOf('mesh'), { ...bundleOf('mesh'), spec: { trustBundle: 'theirs' } });
    await turns(200);
    expect(at(bundleOf('mesh'), 'spec', 'trustBundle')).toBe('old and new');
    cluster.remove(pathOf('mesh'));
    await turns(200);
    expect(at(bundleOf('mesh'), 'spec', 'trustBundle')).toBe('old and new');
  });

  it('an issuer that is made anew under its name owns what was its predecessor’s, beside who else does', async () => {
    come('mesh');
    await look();
    const theirs = { apiVersion: 'v1', kind: 'Namespace', name: 'mesh', uid: 'theirs' };
    const before = bundleOf('mesh');
    const ownerReferences = [theirs, owner('mesh', 'uid-mesh')];
    cluster.put(pathOf('mesh'), { ...before, metadata: { ...Object(before?.metadata), ownerReferences } });
    come('mesh', { uid: 'another' });
    await look();
    expect(ownersOf('mesh')).toEqual([theirs, owner('mesh', 'another')]);
    const writes = cluster.writes.length;
    await look();
    expect(cluster.writes).toHaveLength(writes);
  });

  it('what somebody else has made under that name is kept to the roots, and does not end with the issuer', async () => {
    cluster.put(pathOf('mesh'), { spec: { signerName: 'clusterissuers.countersign.dev/mesh', trustBundle: 'theirs' } });
    come('mesh');
    await look();
    expect(at(bundleOf('mesh'), 'spec', 'trustBundle')).toBe('roots');
    expect(ownersOf('mesh')).toBeUndefined();
  });

  it('of very many issuers the hundred oldest have one, which is said once, and none loses it to a younger one', async () => {
    for (let n = 0; n < 150; n += 1) come(`issuer-${150 - n}`, { order: n });
    await look();
    expect(cluster.objects.size).toBe(100);
    come('a-younger-one', { order: 200 });
    await look();
    expect([cluster.objects.size, bundleOf('a-younger-one')]).toEqual([100, undefined]);
    expect(told).toEqual(['of 150 ClusterIssuers the 100 oldest have a ClusterTrustBundle, and no others']);
    for (let n = 0; n < 60; n += 1) {
      issuers.delete(`issuer-${150 - n}`);
      cluster.remove(pathOf(`issuer-${150 - n}`));
    }
    await look();
    expect(cluster.objects.size).toBe(91);
    expect(bundleOf('a-younger-one')).toBeDefined();
  });
});
