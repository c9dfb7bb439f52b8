import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ApiError } from '#kubernetes/api.ts';
import { until } from '#test/kubernetes/fake-pace.ts';
import { nextRoot, Rig, root, turns } from './rig.ts';

const names = { name: 'istio.io:istiod-ca:root-cert', signerName: 'istio.io/istiod-ca' };
const at = (version: string) =>
  `/apis/certificates.k8s.io/${version}/clustertrustbundles/${encodeURIComponent(names.name)}`;

describe('the roots as a ClusterTrustBundle', () => {
  let rig: Rig;
  beforeEach(() => {
    rig = new Rig();
  });
  afterEach(() => rig.stop());

  const begin = async () => {
    const replica = rig.replica('one', { clusterTrustBundle: names });
    await until(() => replica.leading);
    await turns();
    return replica;
  };
  const bundleIn = (version: string) => Object(rig.cluster.objects.get(at(version))?.spec).trustBundle;

  it.each(['v1', 'v1beta1', 'v1alpha1'])(
    'K-63: is written as %s where that is what the cluster serves',
    async (version) => {
      rig.cluster.served = [version];
      await begin();
      expect(rig.cluster.objects.get(at(version))).toMatchObject({
        apiVersion: `certificates.k8s.io/${version}`,
        kind: 'ClusterTrustBundle',
        metadata: { name: names.name },
        spec: { signerName: names.signerName, trustBundle: root.pem },
      });
    },
  );

  it('is written in the newest of several versions', async () => {
    rig.cluster.served = ['v1alpha1', 'v1', 'v1beta1'];
    await begin();
    expect(bundleIn('v1')).toBe(root.pem);
  });

  it('is left out with one line where the cluster knows no such kind, and written once it does', async () => {
    rig.cluster.served = [];
    const replica = await begin();
    replica.refresh();
    await turns();
    expect(rig.told.filter((line) => line.includes('serves no ClusterTrustBundles'))).toHaveLength(1);
    expect(rig.outcomes).toEqual([]);
    rig.cluster.served = ['v1'];
    for (let passed = 0; passed < 600_000; passed += 5_000) {
      rig.pace.advance(5_000);
      await turns(5);
    }
    await until(() => bundleIn('v1') === root.pem);
  });

  it('goes on in another version after an upgrade that ends the one in use', async () => {
    const replica = await begin();
    expect(bundleIn('v1beta1')).toBe(root.pem);
    rig.cluster.objects.delete(at('v1beta1'));
    rig.cluster.served = ['v1'];
    rig.cluster.fault = ({ path }) => {
      if (path.includes('/v1beta1/')) throw new ApiError('404 page not found', { status: 404 });
    };
    replica.refresh();
    await turns();
    for (let passed = 0; passed < 2_000 && bundleIn('v1') === undefined; passed += 200) {
      rig.pace.advance(200);
      await turns();
    }
    expect(bundleIn('v1')).toBe(root.pem);
  });

  it('K-64: follows the roots, is repaired, and keeps what others wrote beside it', async () => {
    const replica = await begin();
    const labels = { team: 'a' };
    rig.cluster.put(at('v1beta1'), {
      metadata: { name: names.name, labels },
      spec: { ...names, trustBundle: 'theirs' },
    });
    await turns();
    expect(bundleIn('v1beta1')).toBe(root.pem);
    rig.bundle = root.pem + nextRoot.pem;
    replica.refresh();
    await turns();
    expect(rig.cluster.objects.get(at('v1beta1'))).toMatchObject({
      metadata: { labels },
      spec: { signerName: names.signerName, trustBundle: rig.bundle },
    });
  });

  it('K-66: is tried again later where a permission is missing, and told of once', async () => {
    rig.cluster.fault = ({ method }) => {
      if (method === 'POST') throw new ApiError('403 Forbidden attest', { status: 403, reason: 'Forbidden' });
    };
    rig.cluster.put('/apis/coordination.k8s.io/v1/namespaces/istio-system/leases/istio-csr', { spec: {} });
    await begin();
    for (let passed = 0; passed < 5_000; passed += 250) {
      rig.pace.advance(250);
      await turns();
    }
    expect(rig.outcomes.length).toBeGreaterThan(2);
    expect(new Set(rig.outcomes)).toEqual(new Set(['clustertrustbundle failed']));
    expect(rig.told.filter((line) => line.includes('attest'))).toHaveLength(1);
  });

  it('against another writer who disagrees it goes slowly rather than fights', async () => {
    await begin();
    for (let turn = 0; turn < 20; turn += 1) {
      rig.cluster.put(at('v1beta1'), { spec: { signerName: names.signerName, trustBundle: 'theirs' } });
      await turns();
    }
    expect(bundleIn('v1beta1')).toBe('theirs');
    expect(rig.told.join('\n')).toContain('another writer keeps changing');
  });
});
