import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { loadConfig } from '#config/load.ts';
import { loadPolicySet } from '#policy/load.ts';
import { documented } from '#test/distribution/documented-roles.ts';
import { describeWith, repository } from '#test/oracles.ts';
import { at } from '#test/support/control-plane/client.ts';
import type { ControlPlane } from '#test/support/control-plane/control-plane.ts';
import { installIssuerKinds } from '#test/support/control-plane/issuer-kinds.ts';
import { createNamespace, type Rule } from '#test/support/control-plane/objects.ts';
import { sharedControlPlane } from '#test/support/control-plane/shared.ts';
import { apply } from './apply.ts';
import { chart, helm, type Manifest, manifestsIn, nameOf, ofKind, render, type Values, valueWords } from './helm.ts';
import { MountedPod } from './mounted-pod.ts';
import { namedPolicy } from './policies.ts';
import { issuerSecret, ownIssuer } from './secrets.ts';

const secrets = { 'mesh-ca': issuerSecret };
const issuing: Values = {
  certificateRequests: { enabled: true },
  policy: { documents: { 'named.yaml': namedPolicy } },
};
const vouching: Values = {
  signingRequests: { enabled: true, signerName: 'mesh.example/istio' },
  policy: { shipped: ['default'] },
};

async function answeredBy(...values: readonly Values[]): Promise<unknown> {
  using pod = new MountedPod(await render([ownIssuer, ...values]), secrets);
  return at(pod.configuration, 'clusterRequests');
}

describeWith(['set:helm'], 'what is answered by the values of the chart', () => {
  it('is nothing unless told', async () => {
    expect(await answeredBy()).toBeUndefined();
  });

  it.each([
    ['istiod in its namespace', {}, ['istio-system/istiod']],
    [
      'each of its revisions, as its chart calls them',
      { app: { istio: { namespace: 'mesh', revisions: ['default', 'canary'] } } },
      ['mesh/istiod', 'mesh/istiod-canary'],
    ],
    ['where there are accounts, nobody else', { signingRequests: { requesters: ['a/b'] } }, ['a/b']],
  ])('has for requesters %s', async (_, values, requesters) => {
    expect(at(await answeredBy(vouching, values), 'signingRequests')).toEqual({
      signerName: 'mesh.example/istio',
      requesters,
      root: 'append',
      approval: 'cluster',
    });
  });

  it('of cert-manager is what names an issuer, in one cluster and under one Lease', async () => {
    const values = { app: { server: { clusterID: 'west' }, controller: { leaderElectionNamespace: 'leases' } } };
    expect(await answeredBy(issuing, values)).toEqual({
      cluster: 'west',
      lease: { namespace: 'leases', name: 'countersign-requests' },
      trustBundles: 'omit',
      certificateRequests: { retryFor: '10m', signerNames: 'refuse', signerNamesApproval: 'cluster' },
    });
  });

  it('is what docs/cert-manager.md says: its command makes a configuration that a server starts with', async () => {
    using pod = new MountedPod(manifestsIn(await helm(documentedWords())), secrets);
    const { config } = loadConfig(pod.configurationFile);
    expect(config.clusterRequests?.certificateRequests).toBeDefined();
    expect(loadPolicySet(config.policies, Date.now()).id).toMatch(/./);
  });

  it.each([
    ['nobody, unless told', {}, []],
    ['of its signer alone', { signingRequests: { approval: 'policy', requesters: ['a/b'] } }, [['mesh.example/istio']]],
    [
      'by the names of issuers alone',
      { certificateRequests: { signerNamesApproval: 'policy' } },
      [['issuers.countersign.dev/*', 'clusterissuers.countersign.dev/*']],
    ],
  ])('gives the right to approve requests of %s', async (_, values, names) => {
    const both = [ownIssuer, vouching, issuing, { certificateRequests: { signerNames: 'answer' } }];
    const manifests = await render([...both, values]);
    const role = manifests.find(
      ({ kind, rules }) => kind === 'ClusterRole' && JSON.stringify(rules).includes('tokenreviews'),
    );
    const approving = rulesOf(role).filter(({ verbs }) => verbs.includes('approve'));
    expect(approving.map(({ resourceNames }) => resourceNames)).toEqual(names);
    const onApproval = rulesOf(role).filter(({ resources }) => resources.some((each) => each.endsWith('/approval')));
    expect(onApproval.flatMap(({ verbs }) => verbs)).toEqual(names.map(() => 'patch'));
  });

  it('of a policy that helm cannot read is the server’s to refuse', async () => {
    for (const text of ['a: [', 'kind: IssuancePolicy', 'spec: { effect: allow, match: { kinds: end-entity } }'])
      expect(await answeredBy(issuing, { policy: { documents: { 'named.yaml': text } } })).toBeDefined();
  });
});

/** Of the command in the document, with the policy that it has for it, for a release that is not there yet. */
function documentedWords(): string[] {
  const text = readFileSync(join(repository, 'docs/cert-manager.md'), 'utf8');
  const command = /^ {4}helm upgrade (.*\\\n.*)$/m.exec(text)?.[1] ?? '';
  const file = join(mkdtempSync(join(tmpdir(), 'countersign-documented-')), 'gateways.yaml');
  writeFileSync(file, stringify(documented('docs/cert-manager.md', 'IssuancePolicy')[0]));
  const words = command
    .replace('--reset-then-reuse-values', '')
    .replace(/\\\n/, '')
    .replaceAll('\\\\', '\\')
    .replace('gateways.yaml', file)
    .replace('./charts/countersign', chart);
  return ['template', ...words.trim().split(/ +/), ...valueWords(ownIssuer)];
}

const rulesOf = (role: unknown): readonly Rule[] => {
  const rules = at(role, 'rules');
  return Array.isArray(rules) ? rules : [];
};

describeWith(['set:helm', 'control-plane'], 'rights that the chart gives to others than the server', () => {
  let cluster: ControlPlane;
  let manifests: readonly Manifest[];
  let certManager: string;
  beforeAll(async () => {
    cluster = await sharedControlPlane();
    await installIssuerKinds(cluster.admin);
    certManager = await createNamespace(cluster.admin, { prefix: 'cert-manager' });
    const approver = { certificateRequests: { approver: { namespace: certManager, serviceAccount: 'approver' } } };
    manifests = await render([ownIssuer, issuing, approver], { release: certManager });
    const others = [...ofKind(manifests, 'ClusterRole'), ...ofKind(manifests, 'ClusterRoleBinding')];
    await apply(cluster.admin, others);
  });

  /** As cert-manager's webhook asks it before Approved or Denied may be set. */
  async function mayApprove(signer: string, account = 'approver'): Promise<unknown> {
    const resourceAttributes = { group: 'cert-manager.io', resource: 'signers', verb: 'approve', name: signer };
    const user = `system:serviceaccount:${certManager}:${account}`;
    const review = await cluster.admin.create('/apis/authorization.k8s.io/v1/subjectaccessreviews', {
      spec: { user, groups: ['system:serviceaccounts'], resourceAttributes },
    });
    return at(review, 'status', 'allowed');
  }

  it("K-37: cert-manager's approver may approve requests to our issuers, and to no others; nobody else may", async () => {
    const [issuers, clusterIssuers] = ['issuers.countersign.dev/*', 'clusterissuers.countersign.dev/*'];
    expect([await mayApprove(issuers), await mayApprove(clusterIssuers)]).toEqual([true, true]);
    expect(await mayApprove('issuers.cert-manager.io/*')).toBe(false);
    expect(await mayApprove('*')).toBe(false);
    expect(await mayApprove(issuers, 'other')).toBe(false);
  });

  const see = ['get', 'list', 'watch'];
  const change = ['create', 'delete', 'deletecollection', 'patch', 'update'];
  it.each([
    ['view', see],
    ['edit', [...change, ...see]],
    ['admin', [...change, ...see]],
  ])("the cluster's role %s, which takes in roles by their labels, gets %j on Issuers", async (name, verbs) => {
    const role = await cluster.admin.get(`/apis/rbac.authorization.k8s.io/v1/clusterroles/${name}`);
    const [selector] = Object(at(role, 'aggregationRule', 'clusterRoleSelectors'));
    const labels = Object.entries<unknown>(Object(at(selector, 'matchLabels')));
    const taken = ofKind(manifests, 'ClusterRole').filter((each) =>
      labels.every(([key, value]) => at(each, 'metadata', 'labels', key) === value),
    );
    const rules = taken.flatMap(rulesOf);
    expect(labels.length).toBeGreaterThan(0);
    expect(rules.flatMap((rule) => rule.verbs).toSorted()).toEqual(verbs.toSorted());
    expect(new Set(rules.flatMap(({ resources }) => resources))).toEqual(new Set(['issuers']));
  });

  it.each([
    ['the approver none', { certificateRequests: { approver: { create: false } } }, /-approver$/],
    ['users none', { certificateRequests: { aggregateRoles: false } }, /-issuers-/],
    ['nobody any', { rbac: { create: false } }, /./],
    ['nobody any while nothing is answered', { certificateRequests: { enabled: false } }, /-approver$|-issuers-/],
  ])('where it is told so: %s', async (_, values, pattern) => {
    const names = async (...over: readonly Values[]) =>
      ofKind(await render([ownIssuer, issuing, ...over]), 'ClusterRole').map(nameOf);
    expect((await names()).some((name) => pattern.test(name))).toBe(true);
    expect((await names(values)).filter((name) => pattern.test(name))).toEqual([]);
  });

  describe('and what helm prints after it', () => {
    async function notes(...values: readonly Values[]): Promise<string> {
      const text = await helm(['install', 'mesh', chart, '--dry-run=client', ...valueWords([ownIssuer, ...values])]);
      return text.slice(text.indexOf('\nNOTES:\n'));
    }

    it('is an Issuer that the cluster takes, and who approves where nobody was given the right to', async () => {
      const text = await notes(issuing);
      const [, yaml = ''] = /^( +apiVersion: countersign\.dev.*?\n)\n/ms.exec(text) ?? [];
      const { admin } = cluster;
      const folder = `/apis/countersign.dev/v1alpha1/namespaces/${certManager}/issuers`;
      const made = await admin.create(`${folder}?dryRun=All&fieldValidation=Strict`, parse(yaml));
      expect(at(made, 'metadata', 'name')).toBe('mesh');
      expect(text).not.toContain('wait until somebody approves');
      const alone = await notes(issuing, { certificateRequests: { approver: { create: false } } });
      expect(alone).toContain('wait until somebody approves');
      expect(await notes()).not.toContain('kind: Issuer');
    });

    it('is the signer for istiod, where istiod vouches', async () => {
      expect(await notes(vouching)).toContain('global.certSigners: [mesh.example/istio]');
    });
  });
});
