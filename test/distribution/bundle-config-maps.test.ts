import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ApiError } from '#kubernetes/api.ts';
import { until } from '#test/kubernetes/fake-pace.ts';
import { nextRoot, Rig, root, turns } from './rig.ts';

const names = { name: 'istio-ca-root-cert', key: 'root-cert.pem', namespaceSelector: '' };
const at = (namespace: string) => `/api/v1/namespaces/${namespace}/configmaps/${names.name}`;

describe('the roots as a ConfigMap in every namespace', () => {
  let rig: Rig;
  beforeEach(() => {
    rig = new Rig();
    for (const namespace of ['istio-system', 'default', 'kube-system']) rig.cluster.namespace(namespace);
  });
  afterEach(() => rig.stop());

  const dataIn = (namespace: string) => Object(rig.cluster.objects.get(at(namespace))?.data)[names.key];
  const begin = async (options = names) => {
    const replica = rig.replica('one', { rootConfigMaps: options });
    await until(() => replica.leading);
    await settled(replica);
    return replica;
  };
  const settled = async (replica: { readonly waiting: number }) => {
    await turns();
    if (replica.waiting > 0) rig.pace.advance(250);
    await until(() => replica.waiting === 0);
  };

  /** Time goes on in small steps, so that a lease is renewed meanwhile. */
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 250) {
      rig.pace.advance(250);
      await turns();
    }
  };

  it('Istio 86, 95: it is in all of them, kube-system too, with the bundle as it is and the label of Istio', async () => {
    await begin();
    for (const namespace of ['istio-system', 'default', 'kube-system'])
      expect(rig.cluster.objects.get(at(namespace))).toMatchObject({
        metadata: { name: names.name, labels: { 'istio.io/config': 'true' } },
        data: { 'root-cert.pem': root.pem },
      });
    expect(rig.outcomes).toEqual(Array(3).fill('configmap created'));
  });

  it('Istio 95: a new namespace gets it without a wait, one that is terminating does not', async () => {
    const replica = await begin();
    const before = rig.pace.elapsed();
    rig.cluster.namespace('late');
    rig.cluster.namespace('ending', {}, 'Terminating');
    await until(() => dataIn('late') === root.pem);
    await settled(replica);
    expect(rig.pace.elapsed()).toBe(before);
    expect(rig.cluster.objects.has(at('ending'))).toBe(false);
    expect(rig.cluster.writes.some(({ path }) => path.includes('/ending/'))).toBe(false);
  });

  it('Istio 95: a namespace that begins to end while it is served is no fault', async () => {
    const replica = await begin();
    rig.cluster.fault = ({ path, method }) => {
      if (method === 'POST' && path.includes('/late/'))
        throw new ApiError('403 it is being terminated: namespace is being terminated', { status: 403 });
    };
    rig.cluster.namespace('late');
    await settled(replica);
    expect(rig.outcomes).not.toContain('configmap failed');
  });

  it.each<readonly [string, (path: string) => void]>([
    ['deleted', (path) => rig.cluster.remove(path)],
    ['emptied', (path) => rig.cluster.put(path, { metadata: { labels: { 'istio.io/config': 'true' } } })],
    ['edited', (path) => rig.cluster.put(path, labelled({ 'root-cert.pem': nextRoot.pem }))],
    ['stripped of its label', (path) => rig.cluster.put(path, { data: { 'root-cert.pem': root.pem } })],
    ['filled with bytes', (path) => rig.cluster.put(path, { binaryData: { 'root-cert.pem': 'AAAA' } })],
  ])('Istio 95: one that was %s is repaired', async (_, damage) => {
    const replica = await begin();
    damage(at('default'));
    await settled(replica);
    const { metadata, binaryData } = rig.cluster.objects.get(at('default')) ?? {};
    expect(dataIn('default')).toBe(root.pem);
    expect(Object(metadata).labels).toEqual({ 'istio.io/config': 'true' });
    expect(Object(binaryData)).toEqual({});
  });

  it('K-67: keys, labels and annotations of others survive a repair', async () => {
    const replica = await begin();
    const metadata = { labels: { team: 'a' }, annotations: { note: 'b' } };
    rig.cluster.put(at('default'), { metadata, data: { other: 'c' } });
    await settled(replica);
    expect(rig.cluster.objects.get(at('default'))).toMatchObject({
      metadata: { labels: { team: 'a', 'istio.io/config': 'true' }, annotations: { note: 'b' } },
      data: { other: 'c', 'root-cert.pem': root.pem },
    });
  });

  it('Istio 95: the selector is obeyed, also when labels change; nothing is removed', async () => {
    rig.cluster.namespace('mesh', { mesh: 'yes' });
    const replica = await begin({ ...names, namespaceSelector: 'mesh=yes' });
    expect([...rig.cluster.objects.keys()].filter((path) => path.endsWith(names.name))).toEqual([at('mesh')]);
    rig.cluster.namespace('mesh', { mesh: 'no' });
    await settled(replica);
    expect(dataIn('mesh')).toBe(root.pem);
  });

  it('Istio 84, 86: another bundle follows in every namespace; the same one is not written again', async () => {
    const replica = await begin();
    const writes = rig.cluster.writes.length;
    replica.refresh();
    await settled(replica);
    expect(rig.cluster.writes.length).toBe(writes);
    rig.bundle = root.pem + nextRoot.pem;
    replica.refresh();
    await settled(replica);
    for (const namespace of ['istio-system', 'default', 'kube-system']) expect(dataIn(namespace)).toBe(rig.bundle);
    expect(rig.cluster.writes.length).toBe(writes + 3);
  });

  it('Istio 96: what istio-csr wrote is taken over without a write', async () => {
    rig.cluster.put(at('default'), labelled({ 'root-cert.pem': root.pem }));
    await begin();
    expect(rig.cluster.writes.some(({ path }) => path.includes('/default/'))).toBe(false);
  });

  it('a conflict is looked at again with what the other wrote', async () => {
    const replica = await begin();
    let conflicts = 0;
    rig.cluster.fault = ({ method, path }) => {
      if (method !== 'PUT' || !path.includes('/default/') || conflicts++ > 0) return;
      rig.cluster.put(at('default'), { data: { theirs: 'kept' } });
    };
    rig.cluster.put(at('default'), { data: { mine: 'kept' } });
    await settled(replica);
    expect(conflicts).toBeGreaterThan(1);
    expect(rig.cluster.objects.get(at('default'))?.data).toEqual({ theirs: 'kept', 'root-cert.pem': root.pem });
  });

  it('a missing permission is told once, tried again later, and stops no other namespace', async () => {
    let denied = true;
    rig.cluster.fault = ({ method, path }) => {
      if (denied && method === 'POST' && /\/(default|kube-system)\//.test(path))
        throw new ApiError('403 Forbidden', { status: 403, reason: 'Forbidden' });
    };
    const replica = rig.replica('one', { rootConfigMaps: names });
    await until(() => replica.leading);
    await pass(8_000);
    expect(dataIn('istio-system')).toBe(root.pem);
    expect(rig.told.filter((line) => line.includes('403'))).toHaveLength(1);
    expect(rig.outcomes.filter((outcome) => outcome === 'configmap failed').length).toBeGreaterThan(2);
    denied = false;
    await pass(60_000);
    expect([dataIn('default'), dataIn('kube-system')]).toEqual([root.pem, root.pem]);
  });

  it('against another writer who disagrees it goes slowly rather than fights', async () => {
    await begin();
    for (let turn = 0; turn < 20; turn += 1) {
      rig.cluster.put(at('default'), labelled({ 'root-cert.pem': 'theirs' }));
      await turns();
    }
    expect(dataIn('default')).toBe('theirs');
    expect(rig.told.join('\n')).toContain('another writer keeps changing istio-ca-root-cert');
    const writes = rig.cluster.writes.length;
    await pass(29_000);
    expect(rig.cluster.writes.length).toBe(writes);
    await pass(2_000);
    expect(dataIn('default')).toBe(root.pem);
  });

  it('Istio 100: that of CRLs is not written before there is one of each CA, and never emptied', async () => {
    const held: { crls?: string } = {};
    const crls = { name: 'istio-ca-crl', key: 'ca-crl.pem', namespaceSelector: '' };
    const place = (namespace: string) => `/api/v1/namespaces/${namespace}/configmaps/istio-ca-crl`;
    const crlsIn = (namespace: string) => Object(rig.cluster.objects.get(place(namespace))?.data)['ca-crl.pem'];
    rig.cluster.put(place('kube-system'), labelled({ 'ca-crl.pem': 'of before' }));
    const options = { rootConfigMaps: names, crlConfigMaps: { ...crls, bundle: () => held.crls } };
    const replica = rig.replica('one', options);
    await until(() => replica.leading);
    await settled(replica);
    expect([dataIn('default'), crlsIn('default'), crlsIn('kube-system')]).toEqual([root.pem, undefined, 'of before']);

    held.crls = 'of each CA';
    replica.refresh();
    await settled(replica);
    expect(['istio-system', 'default', 'kube-system'].map(crlsIn)).toEqual(Array(3).fill(held.crls));
    expect(rig.cluster.objects.get(place('default'))).toMatchObject({
      metadata: { labels: { 'istio.io/config': 'true' } },
    });

    delete held.crls;
    replica.refresh();
    rig.cluster.put(place('default'), labelled({ 'ca-crl.pem': '' }));
    await settled(replica);
    expect([crlsIn('default'), crlsIn('kube-system')]).toEqual(['', 'of each CA']);
    held.crls = 'of each CA';
    replica.refresh();
    await settled(replica);
    expect([crlsIn('default'), dataIn('default')]).toEqual(['of each CA', root.pem]);
  });

  const labelled = (data: Readonly<Record<string, string>>) => ({
    metadata: { labels: { 'istio.io/config': 'true' } },
    data,
  });
});
