import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ApiError } from '#kubernetes/api.ts';
import { until } from '#test/kubernetes/fake-pace.ts';
import { Rig, root, turns } from './rig.ts';

const names = { name: 'istio-ca-root-cert', key: 'root-cert.pem', namespaceSelector: '' };
const lease = '/apis/coordination.k8s.io/v1/namespaces/istio-system/leases/istio-csr';
const at = (namespace: string) => `/api/v1/namespaces/${namespace}/configmaps/${names.name}`;

describe('one writer among several', () => {
  let rig: Rig;
  beforeEach(() => {
    rig = new Rig();
    rig.cluster.namespace('default');
  });
  afterEach(() => rig.stop());

  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 250) {
      rig.pace.advance(250);
      await turns(10);
    }
  };
  const replica = (identity: string) => rig.replica(identity, { rootConfigMaps: names });
  const holder = () => Object(rig.cluster.objects.get(lease)?.spec).holderIdentity;

  it('Istio 96: while istio-csr holds the Lease istio-csr, nothing is written', async () => {
    const renewTime = new Date(rig.pace.now()).toISOString();
    rig.cluster.put(lease, { spec: { holderIdentity: 'istio-csr-pod', leaseDurationSeconds: 15, renewTime } });
    const ours = replica('ours');
    await pass(10_000);
    expect(ours.leading).toBe(false);
    expect(rig.cluster.writes).toEqual([]);
    // It ended, and handed the lease back.
    rig.cluster.put(lease, { spec: { holderIdentity: '', leaseDurationSeconds: 1, renewTime } });
    await pass(3_000);
    expect(holder()).toBe('ours');
    expect(rig.cluster.objects.has(at('default'))).toBe(true);
  });

  it('Istio 92: of two, one writes; the other does once the first has stopped', async () => {
    const one = replica('one');
    await until(() => one.leading);
    const two = replica('two');
    await pass(5_000);
    expect([one.leading, two.leading]).toEqual([true, false]);
    const writes = rig.cluster.writes.length;
    rig.bundle = `${root.pem}\n`;
    two.refresh();
    await pass(1_000);
    expect(rig.cluster.writes.length).toBe(writes);
    await one.stop();
    expect(holder()).toBe('');
    await pass(3_000);
    expect(two.leading).toBe(true);
    expect(Object(rig.cluster.objects.get(at('default'))?.data)[names.key]).toBe(rig.bundle);
  });

  it('one that lost touch stops writing before another may begin', async () => {
    const one = replica('one');
    await until(() => one.leading);
    await pass(1_000);
    const cut = { one: true };
    const api = rig.cluster;
    rig.cluster.fault = ({ method, path }) => {
      if (cut.one && path === lease && method !== 'GET') throw new ApiError('cut', { status: 0 });
    };
    await pass(12_000);
    expect(one.leading).toBe(false);
    expect(rig.told).toContain('info lease: this replica writes no longer');
    const writes = api.writes.length;
    rig.cluster.namespace('late');
    await pass(1_000);
    expect(api.writes.length).toBe(writes);
    cut.one = false;
    await pass(5_000);
    expect(one.leading).toBe(true);
    expect(api.objects.has(at('late'))).toBe(true);
  });
});
