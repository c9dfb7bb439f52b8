import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { describeWith } from '#test/oracles.ts';
import { at } from '#test/support/control-plane/client.ts';
import type { ControlPlane } from '#test/support/control-plane/control-plane.ts';
import { createNamespace } from '#test/support/control-plane/objects.ts';
import { sharedControlPlane } from '#test/support/control-plane/shared.ts';
import { inNamespace } from './apply.ts';
import { chart, helm, type Values, valueWords } from './helm.ts';

const usual = 'cert-manager-istio-csr';

/** As much of istio-csr's chart as an upgrade meets: the objects that ours has too, under the names that a mesh knows. */
function istioCsrChart(): string {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-istio-csr-'));
  const labels = { app: usual };
  const pod = { containers: [{ name: usual, image: 'istio-csr.test/istio-csr:1' }], serviceAccountName: usual };
  const objects = [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: usual } },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: usual, labels },
      spec: { selector: labels, ports: [{ name: 'web', port: 443, targetPort: 6443 }] },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: usual },
      spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: pod } },
    },
  ];
  mkdirSync(join(folder, 'templates'));
  writeFileSync(join(folder, 'Chart.yaml'), stringify({ apiVersion: 'v2', name: usual, version: '0.0.1' }));
  writeFileSync(join(folder, 'templates/all.yaml'), objects.map((each) => stringify(each)).join('---\n'));
  return folder;
}

describeWith(['set:helm', 'control-plane'], 'a release in a real cluster', () => {
  let cluster: ControlPlane;
  let env: Readonly<Record<string, string>>;
  beforeAll(async () => {
    cluster = await sharedControlPlane();
    const file = join(mkdtempSync(join(tmpdir(), 'countersign-kubeconfig-')), 'config');
    writeFileSync(file, cluster.kubeconfig, { mode: 0o600 });
    env = { KUBECONFIG: file };
  });

  const inside = (namespace: string, words: readonly string[]) => helm([...words, '--namespace', namespace], env);
  const get = async (path: string) => (await cluster.admin.ask('GET', path)).body;
  const thing = (namespace: string, kind: string, name: string, group = '/api/v1') =>
    get(`${group}/namespaces/${namespace}/${kind}/${name}`);

  it('is installed, says what to do next, and leaves nothing but the logs when it goes', async () => {
    const { admin } = cluster;
    const namespace = await createNamespace(admin, { prefix: 'release' });
    const words = ['install', namespace, chart, ...valueWords(inNamespace(namespace))];
    const notes = await inside(namespace, words);
    expect(notes).toContain(`global.caAddress: ${namespace}.${namespace}.svc:443`);
    expect(notes).toContain(`Issuer istio-ca has to exist in ${namespace}`);
    const set = await thing(namespace, 'statefulsets', namespace, '/apis/apps/v1');
    expect(at(set, 'spec', 'persistentVolumeClaimRetentionPolicy')).toEqual({
      whenDeleted: 'Retain',
      whenScaled: 'Retain',
    });
    await inside(namespace, ['uninstall', namespace]);
    expect(at(await thing(namespace, 'configmaps', `${namespace}-configuration`), 'code')).toBe(404);
  });

  it('takes the place of an istio-csr: its Service keeps its address, its account its name, its Deployment goes', async () => {
    const namespace = await createNamespace(cluster.admin, { prefix: 'istio-csr' });
    await inside(namespace, ['install', usual, istioCsrChart()]);
    const address = at(await thing(namespace, 'services', usual), 'spec', 'clusterIP');
    const theirs: Values = { app: { tls: { certificateDNSNames: [`${usual}.${namespace}.svc`] }, logLevel: 2 } };
    await inside(namespace, ['upgrade', usual, chart, ...valueWords([inNamespace(namespace), theirs])]);
    const service = await thing(namespace, 'services', usual);
    expect(at(service, 'spec', 'clusterIP')).toBe(address);
    expect(at(service, 'spec', 'ports')).toMatchObject([{ name: 'web', port: 443, targetPort: 6443 }]);
    expect(at(service, 'spec', 'selector')).toEqual({ app: usual });
    expect(at(await thing(namespace, 'serviceaccounts', usual), 'metadata', 'name')).toBe(usual);
    expect(at(await thing(namespace, 'statefulsets', usual, '/apis/apps/v1'), 'spec', 'replicas')).toBe(2);
    expect(at(await thing(namespace, 'deployments', usual, '/apis/apps/v1'), 'code')).toBe(404);
    await inside(namespace, ['uninstall', usual]);
  });

  it('does not take the name of the Service away from a mesh that knows it', async () => {
    const namespace = await createNamespace(cluster.admin, { prefix: 'istio-csr' });
    await inside(namespace, ['install', 'csr', istioCsrChart()]);
    const upgrade = (more: Values) =>
      inside(namespace, ['upgrade', 'csr', chart, ...valueWords([inNamespace(namespace), more])]);
    await expect(upgrade({})).rejects.toThrow(/set nameOverride=cert-manager-istio-csr/);
    expect(at(await thing(namespace, 'services', usual), 'metadata', 'name')).toBe(usual);
    await upgrade({ nameOverride: usual });
    expect(at(await thing(namespace, 'statefulsets', usual, '/apis/apps/v1'), 'metadata', 'name')).toBe(usual);
    await inside(namespace, ['uninstall', 'csr']);
  });
});
