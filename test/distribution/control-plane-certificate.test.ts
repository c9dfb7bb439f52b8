import { X509Certificate } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { controlPlaneNames } from '#distribution/control-plane-names.ts';
import { ApiError } from '#kubernetes/api.ts';
import { until } from '#test/kubernetes/fake-pace.ts';
import { names, nextRoot, Rig, root, turns } from './rig.ts';

const path = '/api/v1/namespaces/istio-system/secrets/istiod-tls';

describe("istiod's certificate as a Secret", () => {
  let rig: Rig;
  beforeEach(() => {
    rig = new Rig();
    rig.pace.epoch = Math.floor(Date.now() / 1000) * 1000;
    rig.cluster.namespace('istio-system');
  });
  afterEach(() => rig.stop());

  const begin = async (identity = 'one') => {
    const replica = rig.replica(identity, { controlPlaneCertificate: rig.istiod });
    await until(() => replica.leading);
    await until(() => rig.cluster.objects.has(path));
    await turns();
    return replica;
  };
  const held = () => {
    const { data } = rig.cluster.objects.get(path) ?? {};
    const text = (key: string) => Buffer.from(String(Object(data)[key]), 'base64').toString();
    return { crt: text('tls.crt'), key: text('tls.key'), ca: text('ca.crt') };
  };
  const change = (data: Readonly<Record<string, string>>) => {
    const live = rig.cluster.objects.get(path) ?? {};
    const coded = Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')]);
    rig.cluster.put(path, { ...live, data: { ...Object(live.data), ...Object.fromEntries(coded) } });
  };
  const pass = async (ms: number, step = 2_000) => {
    for (let passed = 0; passed < ms; passed += step) {
      rig.pace.advance(step);
      await turns(8);
    }
  };

  it('Istio 97: holds key, chain and roots, and what was issued is on the record', async () => {
    await begin();
    expect(rig.cluster.objects.get(path)).toMatchObject({ kind: 'Secret', type: 'kubernetes.io/tls' });
    const leaf = new X509Certificate(held().crt);
    expect(leaf.subjectAltName).toBe(`DNS:${names.dnsNames[0]}, URI:${names.uri}`);
    expect(held().ca).toBe(root.pem);
    expect(rig.records).toMatchObject([
      {
        type: 'certificate.issued',
        door: 'internal',
        certificate: { sans: [`uri:${names.uri}`, `dns:${names.dnsNames[0]}`] },
      },
    ]);
    expect(rig.expiries.at(-1)).toBe(Math.floor(leaf.validToDate.getTime() / 1000));
  });

  it('Istio 97: is renewed at half its life, with a new key', async () => {
    await begin();
    const first = held();
    await pass(1_600_000, 4_000);
    expect(held()).toEqual(first);
    while (held().key === first.key) await pass(20_000, 4_000);
    expect(rig.records).toHaveLength(2);
  });

  it.each<readonly [string, () => void]>([
    ['deleted', () => rig.cluster.remove(path)],
    ['emptied', () => rig.cluster.put(path, { type: 'kubernetes.io/tls', data: {} })],
    ['given another key', () => change({ 'tls.key': nextRoot.keyPem })],
    ['given another certificate', () => change({ 'tls.crt': nextRoot.pem })],
    ['given what is no PEM', () => change({ 'tls.crt': 'x', 'tls.key': 'y' })],
    ['robbed of its roots', () => change({ 'ca.crt': '' })],
  ])('Istio 97: one that was %s is repaired without another certificate', async (_, damage) => {
    await begin();
    const before = held();
    damage();
    await turns();
    expect(held()).toEqual(before);
    expect(rig.records).toHaveLength(1);
  });

  it('a good one that is there is kept by whoever takes over, with what others keep in it', async () => {
    const pair = await rig.issue();
    const data = { 'tls.crt': pair.chain, 'tls.key': pair.key, 'ca.crt': root.pem, more: 'kept' };
    rig.cluster.put(path, { type: 'Opaque', data: coded(data) });
    rig.replica('one', { controlPlaneCertificate: rig.istiod });
    await until(() => rig.expiries.length > 0);
    await turns();
    expect(rig.cluster.writes).toEqual([]);
    expect(rig.records).toHaveLength(1);
    rig.bundle = root.pem + nextRoot.pem;
    rig.cluster.put(path, rig.cluster.objects.get(path) ?? {});
    change({ more: 'changed' });
    await turns();
    expect(held()).toMatchObject({ key: pair.key, ca: rig.bundle });
    expect(Object(rig.cluster.objects.get(path)?.data).more).toBe(Buffer.from('changed').toString('base64'));
    expect(rig.cluster.objects.get(path)?.type).toBe('Opaque');
  });

  it.each<readonly [string, () => Promise<Readonly<Record<string, string>>>]>([
    ['for other names', async () => pairData(await rig.issue(['istiod.elsewhere.svc']))],
    ['with a name too many', async () => pairData(await rig.issue([...names.dnsNames, 'more.example.com']))],
    [
      'of another CA',
      async () => ({ ...(await pairData(await rig.issue())), 'tls.crt': nextRoot.pem, 'tls.key': nextRoot.keyPem }),
    ],
    [
      'past half its life',
      async () => {
        const pair = pairData(await rig.issue());
        rig.pace.advance(1_800_000);
        return pair;
      },
    ],
  ])('one that is there %s is replaced', async (_, make) => {
    rig.cluster.put(path, { type: 'kubernetes.io/tls', data: coded(await make()) });
    const before = held();
    await begin();
    await until(() => held().key !== before.key);
    expect(new X509Certificate(held().crt).subjectAltName).toBe(`DNS:${names.dnsNames[0]}, URI:${names.uri}`);
  });

  it('what could not be written is not issued again for the next try, nor is the key ever told', async () => {
    let denied = true;
    rig.cluster.fault = ({ method, path: asked }) => {
      if (denied && method === 'POST' && asked.endsWith('/secrets'))
        throw new ApiError('403 Forbidden', { status: 403, reason: 'Forbidden' });
    };
    const replica = rig.replica('one', { controlPlaneCertificate: rig.istiod });
    await until(() => replica.leading && rig.records.length > 0);
    await pass(20_000, 250);
    expect(rig.records).toHaveLength(1);
    expect(rig.outcomes.length).toBeGreaterThan(3);
    denied = false;
    while (!rig.cluster.objects.has(path)) await pass(1_000, 250);
    await turns();
    expect(rig.outcomes.at(-1)).toBe('secret created');
    expect(rig.records).toHaveLength(1);
    const secret = held().key.split('\n')[1] ?? 'none';
    expect(secret.length).toBeGreaterThan(40);
    expect(JSON.stringify([rig.told, rig.records])).not.toContain(secret);
  });

  it('an issuer that cannot issue is asked again', async () => {
    let failing = true;
    const { issue } = rig.istiod;
    const options = {
      ...rig.istiod,
      issue: () => (failing ? Promise.reject(new Error('the log cannot be written')) : issue()),
    };
    const replica = rig.replica('one', { controlPlaneCertificate: options });
    await until(() => replica.leading);
    await pass(2_000, 250);
    expect(rig.told.join('\n')).toContain('the log cannot be written');
    failing = false;
    while (!rig.cluster.objects.has(path)) await pass(1_000, 250);
    expect(held().ca).toBe(root.pem);
  });
});

describe('the names of istiod', () => {
  const of = (revisions: readonly string[], additionalDnsNames: readonly string[] = []) =>
    controlPlaneNames({ namespace: 'mesh', revisions, additionalDnsNames });

  it('Istio 97: are those of every revision, each once', () => {
    const own = ['istiod.mesh.svc', 'istiod-remote.mesh.svc', 'istio-pilot.mesh.svc'];
    expect(of(['default'])).toEqual(own);
    expect(of(['canary', 'default', '1-31'])).toEqual(['istiod-canary.mesh.svc', ...own, 'istiod-1-31.mesh.svc']);
    expect(of(['canary'], ['istiod-canary.mesh.svc', 'x.example.com'])).toEqual([
      'istiod-canary.mesh.svc',
      'x.example.com',
    ]);
  });
});

const coded = (data: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')]));
const pairData = ({ key, chain }: { readonly key: string; readonly chain: string }) => ({
  'tls.key': key,
  'tls.crt': chain,
  'ca.crt': root.pem,
});
