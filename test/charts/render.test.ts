import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { describeWith, oracle } from '#test/oracles.ts';
import { at } from '#test/support/control-plane/client.ts';
import { createNamespace } from '#test/support/control-plane/objects.ts';
import { sharedControlPlane } from '#test/support/control-plane/shared.ts';
import { apply, inNamespace, installKinds } from './apply.ts';
import { chart, helm, kindOf, type Manifest, nameOf, ofKind, one, refusal, render } from './helm.ts';
import { refusedValues } from './refused-values.ts';
import { schemaFolder } from './schemas.ts';
import { ownIssuer } from './secrets.ts';
import { variants } from './variants.ts';

const run = promisify(execFile);
const kinds = [
  ...['ClusterRole', 'ClusterRoleBinding', 'ConfigMap', 'CustomResourceDefinition', 'NetworkPolicy'],
  ...[
    'PodDisruptionBudget',
    'PrometheusRule',
    'Role',
    'RoleBinding',
    'Service',
    'ServiceAccount',
    'ServiceMonitor',
    'StatefulSet',
  ],
];

describeWith(['set:helm'], 'the chart', () => {
  it('is what helm lint --strict asks for', async () => {
    expect(await helm(['lint', '--strict', chart])).toContain('0 chart(s) failed');
  });

  describe.each(Object.entries(variants))('%s', (_, values) => {
    let manifests: readonly Manifest[];
    beforeAll(async () => {
      manifests = await render(values);
    });

    it('renders objects of known kinds, each once, of the release', () => {
      const places = manifests.map((each) => `${kindOf(each)} ${at(each, 'metadata', 'namespace')} ${nameOf(each)}`);
      expect(new Set(places).size).toBe(places.length);
      for (const manifest of manifests) expect(kinds).toContain(kindOf(manifest));
    });

    it('gives no right that has no name, and Secrets only in single namespaces', () => {
      // to the API server that is a name like any other, of the signers that our issuers are
      const ourSigners = /"(cluster)?issuers\.countersign\.dev\/\*"/g;
      for (const role of [...ofKind(manifests, 'ClusterRole'), ...ofKind(manifests, 'Role')]) {
        const rules = JSON.stringify(at(role, 'rules'));
        expect(rules.replaceAll(ourSigners, '')).not.toContain('*');
        if (kindOf(role) === 'ClusterRole') expect(rules).not.toContain('secrets');
      }
    });

    it('runs as nobody in particular, on a root that it cannot write, with a way to say that it is ready', () => {
      const pod = at(one(manifests, 'StatefulSet'), 'spec', 'template', 'spec');
      const containers = [at(pod, 'containers', 0), ...[at(pod, 'initContainers', 0)].filter(Boolean)];
      for (const container of containers) {
        expect(at(container, 'securityContext')).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          runAsNonRoot: true,
          capabilities: { drop: ['ALL'] },
          seccompProfile: { type: 'RuntimeDefault' },
        });
      }
      expect(at(containers[0], 'readinessProbe', 'httpGet')).toEqual({ port: 6060, path: '/readyz' });
      const stop = Number(at(containers[0], 'lifecycle', 'preStop', 'sleep', 'seconds') ?? 0) + 20;
      expect(Number(at(pod, 'terminationGracePeriodSeconds'))).toBeGreaterThan(stop);
    });
  });

  describeWith(['control-plane', 'prometheus-operator'], 'in the eyes of kubeconform and the API server', (judge) => {
    let schemas: string;
    let output: string;
    const rendered = new Map<string, readonly Manifest[]>();
    beforeAll(async () => {
      const { admin } = await sharedControlPlane();
      schemas = await schemaFolder(admin, judge('prometheus-operator'), kinds);
      output = mkdtempSync(join(tmpdir(), 'countersign-rendered-'));
      for (const [name, values] of Object.entries(variants)) rendered.set(name, await render(values));
      const files = ['servicemonitors', 'prometheusrules'].map((each) => `monitoring.coreos.com_${each}.yaml`);
      const definitions = files.map((each) => parse(readFileSync(join(judge('prometheus-operator'), each), 'utf8')));
      await installKinds(admin, definitions);
    });

    const conform = async (folder: string, manifests: readonly Manifest[]) => {
      const file = join(folder, 'all.yaml');
      writeFileSync(file, manifests.map((each) => stringify(each)).join('---\n'));
      const location = `${schemas}/{{ .ResourceKind }}{{ .KindSuffix }}.json`;
      const program = join(describedHelm(), 'kubeconform');
      return run(program, ['-strict', '-output', 'json', '-schema-location', location, file]);
    };

    it('every object has the shape of its kind, whatever is switched on', async () => {
      const { stdout } = await conform(output, [...rendered.values()].flat());
      expect(JSON.parse(stdout)).toEqual({ resources: [] });
    });

    it.each(Object.entries(variants))('%s: the API server takes every object as it is', async (_, values) => {
      const { admin } = await sharedControlPlane();
      const namespace = await createNamespace(admin, { prefix: 'chart' });
      const manifests = await render([...values, inNamespace(namespace)], { namespace, release: namespace });
      await apply(admin, manifests, { namespace, dryRun: true });
    });

    it('an object with a member that its kind does not have is found', async () => {
      const [service] = ofKind([...rendered.values()].flat(), 'Service');
      const wrong = { ...service, spec: { ports: [{ port: 1, prot: 'TCP' }] } };
      await expect(conform(output, [wrong])).rejects.toMatchObject({ stdout: expect.stringContaining('prot') });
    });
  });

  it.each(refusedValues)('%s: refused, naming the field', async (_, values, words) => {
    expect(await refusal(values)).toMatch(words);
  });

  it('a change of what a server reads once is a new pod, a change of policy is not', async () => {
    const stamp = async (...values: readonly object[]) =>
      at(one(await render([ownIssuer, ...values.map((each) => ({ ...each }))]), 'StatefulSet'), 'spec', 'template');
    const document = { policy: { documents: { 'a.yaml': 'a' } } };
    const before = await stamp(document);
    expect(await stamp({ policy: { documents: { 'a.yaml': 'b' } } })).toEqual(before);
    expect(await stamp(document, { kubernetes: { mode: 'review' } })).not.toEqual(before);
    expect(await stamp(document, { issuer: { certificate: 'a' } })).not.toEqual(
      await stamp(document, { issuer: { certificate: 'b' } }),
    );
  });
});

/** kubeconform is of the same set. */
function describedHelm(): string {
  const found = oracle('set:helm');
  if (!found.available) throw new Error(found.how);
  return found.path;
}
