import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { customResourceDefinition } from '#doors/kubernetes/custom-resource.ts';
import { issuerKinds } from '#doors/kubernetes/issuer-resource.ts';
import { describeWith, repository } from '#test/oracles.ts';
import { at } from '#test/support/control-plane/client.ts';
import { Cluster } from '#test/support/control-plane/cluster.ts';
import { createNamespace } from '#test/support/control-plane/objects.ts';
import { inNamespace } from './apply.ts';
import { chart, helm, ofKind, render, valueWords } from './helm.ts';

const definitions = issuerKinds.map(customResourceDefinition);
const folder = join(chart, 'files', 'crds');
const filesIn = (path: string) =>
  Object.fromEntries(readdirSync(path).map((name) => [name, readFileSync(join(path, name), 'utf8')]));

describe('the definitions of our kinds in the chart', () => {
  it('are what scripts/custom-resources.ts writes, and say so', () => {
    const fresh = mkdtempSync(join(tmpdir(), 'countersign-definitions-'));
    execFileSync(process.execPath, [join(repository, 'scripts/custom-resources.ts'), fresh]);
    expect(filesIn(folder)).toEqual(filesIn(fresh));
    expect(Object.keys(filesIn(folder))).toHaveLength(issuerKinds.length);
    for (const text of Object.values(filesIn(folder)))
      expect(text).toMatch(/^# Generated from .* by scripts\/custom-resources\.ts\.\n/);
  });
});

describeWith(['set:helm'], 'the definitions of our kinds in a rendered chart', () => {
  it('are there as they are made, with a word to helm to keep them', async () => {
    const rendered = ofKind(await render(), 'CustomResourceDefinition');
    const byName = (name: string) => rendered.find((each) => at(each, 'metadata', 'name') === name);
    expect(rendered).toHaveLength(definitions.length);
    for (const definition of definitions) {
      const found = byName(definition.metadata.name);
      expect(found).toMatchObject(definition);
      expect(at(found, 'spec')).toEqual(definition.spec);
      expect(at(found, 'metadata', 'annotations')).toEqual({ 'helm.sh/resource-policy': 'keep' });
      expect(at(found, 'metadata', 'labels', 'app.kubernetes.io/name')).toBe('countersign');
    }
  });

  it('are left out where somebody else brings them', async () => {
    expect(ofKind(await render({ crds: { enabled: false } }), 'CustomResourceDefinition')).toEqual([]);
  });
});

describeWith(['set:helm', 'control-plane'], 'the definitions of our kinds in the releases of one cluster', () => {
  let cluster: Cluster;
  let env: Readonly<Record<string, string>>;
  beforeAll(async () => {
    cluster = await Cluster.start();
    const file = join(mkdtempSync(join(tmpdir(), 'countersign-kubeconfig-')), 'config');
    writeFileSync(file, cluster.kubeconfig, { mode: 0o600 });
    env = { KUBECONFIG: file };
  });
  afterAll(() => cluster?.stop());

  const inside = (namespace: string, words: readonly string[], enabled: boolean) =>
    helm(
      [
        ...words,
        namespace,
        chart,
        '--namespace',
        namespace,
        ...valueWords([inNamespace(namespace), { crds: { enabled } }]),
      ],
      env,
    );
  const issuers = '/apis/countersign.dev/v1alpha1/issuers';
  const names = async () => {
    const items = at(await cluster.admin.get(issuers), 'items');
    return (Array.isArray(items) ? items : []).map((each) => at(each, 'metadata', 'name'));
  };

  it('come with the first, stay with every Issuer when it goes, and are taken up again when it comes back', async () => {
    const { admin } = cluster;
    const namespace = await createNamespace(admin, { prefix: 'release' });
    await inside(namespace, ['install'], true);
    await admin.create(`/apis/countersign.dev/v1alpha1/namespaces/${namespace}/issuers`, {
      apiVersion: 'countersign.dev/v1alpha1',
      kind: 'Issuer',
      metadata: { name: 'mesh' },
      spec: {},
    });
    await helm(['uninstall', namespace, '--namespace', namespace], env);
    expect(await names()).toEqual(['mesh']);
    await inside(namespace, ['install'], true);
    await inside(namespace, ['upgrade'], false);
    expect(await names()).toEqual(['mesh']);
    const second = await createNamespace(admin, { prefix: 'second' });
    await expect(inside(second, ['install'], true)).rejects.toThrow(/issuers\.countersign\.dev.*invalid ownership/s);
    await inside(second, ['install'], false);
  });
});
