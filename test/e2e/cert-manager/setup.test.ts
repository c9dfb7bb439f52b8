import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { documented } from '#test/distribution/documented-roles.ts';
import { describeWith } from '#test/oracles.ts';
import { installKinds } from '#test/support/control-plane/cert-manager.ts';
import { at } from '#test/support/control-plane/client.ts';
import { Cluster } from '#test/support/control-plane/cluster.ts';
import { installIssuerKinds } from '#test/support/control-plane/issuer-kinds.ts';
import {
  createNamespace,
  createServiceAccount,
  grant,
  type Rule,
  requestToken,
} from '#test/support/control-plane/objects.ts';
import type { Seen } from '#test/support/control-plane/unruly-proxy.ts';
import { startCluster } from './answering.ts';
import { conditionOf } from './objects.ts';
import { approver, document, Replica } from './replica.ts';
import { Requests } from './requests.ts';

/** What servers in this process say; each is told apart by the namespace of its account. */
const said = vi.hoisted((): string[] => []);
vi.mock('#telemetry/log/sink.ts', () => ({ descriptorSink: () => ({ write: (line: string) => said.push(line) }) }));

const starting = 120_000;
const patiently = { timeout: 30_000, interval: 25 };
const config = { telemetry: { logs: { level: 'info', format: 'json' } } };

interface Role {
  readonly kind: string;
  readonly rules: readonly Rule[];
}

/** The server's own, as the document has them. */
const roles = documented(document, 'Role', 'ClusterRole').filter(
  (role): role is Role => !approver.includes(String(at(role, 'metadata', 'name'))),
);

interface Right {
  readonly verb: string;
  readonly resource: string;
}

const rights: readonly Right[] = roles
  .flatMap(({ rules }) => rules)
  .flatMap(({ resources, verbs }) => resources.flatMap((resource) => verbs.map((verb) => ({ verb, resource }))));

const lacking = ({ verb, resource }: Right, rules: readonly Rule[]): Rule[] =>
  rules
    .flatMap((rule) => rule.resources.map((each) => ({ ...rule, resources: [each] })))
    .map((rule) =>
      rule.resources.includes(resource) ? { ...rule, verbs: rule.verbs.filter((each) => each !== verb) } : rule,
    )
    .filter(({ verbs }) => verbs.length > 0);

/** Lets an account do what the document says, save one right. */
async function allow({ admin }: Cluster, account: Parameters<typeof grant>[1], without: Right): Promise<void> {
  for (const { kind, rules } of roles)
    await grant(admin, account, lacking(without, rules), kind === 'Role' ? account.namespace : undefined);
}

/** What goes on without it: requests to an Issuer, and to a ClusterIssuer. */
function goesOn({ verb, resource }: Right): { readonly web: unknown; readonly cluster: unknown } {
  if (resource === 'issuers') return { web: undefined, cluster: 'Issued' };
  if (resource === 'clusterissuers') return { web: 'Issued', cluster: undefined };
  if (resource === 'issuers/status') return { web: 'Pending', cluster: 'Issued' };
  if (resource === 'clusterissuers/status') return { web: 'Issued', cluster: 'Pending' };
  if (resource === 'leases' && verb !== 'update') return { web: undefined, cluster: undefined };
  // the first term is had without an update
  if (resource === 'events' || resource === 'leases') return { web: 'Issued', cluster: 'Issued' };
  if (!resource.startsWith('certificaterequests')) throw new Error(`nobody has said what ${verb} ${resource} is for`);
  return { web: undefined, cluster: undefined };
}

describeWith(['control-plane', 'set:cert-manager'], 'the external issuer, and what it finds in a cluster', () => {
  let cluster: Cluster;
  /** Has nothing that the server needs, when that starts. */
  let bare: Cluster;
  let early: Replica;
  let waiting: Requests;
  beforeAll(async () => {
    [cluster, bare] = await Promise.all([startCluster(), Cluster.start()]);
    const namespace = await createNamespace(bare.admin, { prefix: 'early' });
    const account = await createServiceAccount(bare.admin, namespace);
    const access = { ...bare.admin.access, token: await requestToken(bare.admin, account) };
    early = await Replica.start(bare, { namespace, access, config });
    await vi.waitUntil(() => said.some((line) => line.includes('serves no certificaterequests')), patiently);
    waiting = new Requests(bare.admin, namespace);
    await installKinds(bare.admin, withoutSelectors);
    await waiting.ask('early');
    await installIssuerKinds(bare.admin);
    await waiting.issuer('mesh');
    await allow(bare, account, { verb: '', resource: '' });
  }, starting);
  afterAll(async () => {
    await early?.[Symbol.asyncDispose]();
    await Promise.all([cluster?.stop(), bare?.stop()]);
  });

  /** Versions of a definition as cert-manager before 1.20 had them. */
  const withoutSelectors = (definition: unknown): unknown =>
    JSON.parse(JSON.stringify(definition, (key, value) => (key === 'selectableFields' ? undefined : value)));

  describe('K-36: one right less', () => {
    it.each(rights)('$verb $resource is missed in one line, and what does not need it goes on', async (right) => {
      const namespace = await createNamespace(cluster.admin, { prefix: 'shop' });
      const account = await createServiceAccount(cluster.admin, namespace);
      await allow(cluster, account, right);
      const access = { ...cluster.admin.access, token: await requestToken(cluster.admin, account) };
      await using replica = await Replica.prepare(cluster, { namespace, access, config });
      // an API server of before Kubernetes 1.32 has nothing to list by but the list
      if (right.verb === 'list')
        replica.proxy.make({ kind: 'answer', status: 422 }, { when: ({ query }) => query.has('sendInitialEvents') });
      await replica.run();
      const requests = new Requests(cluster.admin, namespace);
      await requests.issuer('mesh');
      await requests.issuer(namespace, 'ClusterIssuer');
      await requests.ask('web');
      await requests.ask('cluster', {
        issuerRef: { group: 'countersign.dev', kind: 'ClusterIssuer', name: namespace },
      });
      const complaint = new RegExp(`${namespace}.*cannot ${right.verb} resource .{0,3}"${right.resource}`);
      const complaints = () => said.filter((line) => complaint.test(line));
      await vi.waitUntil(() => complaints().length > 0, patiently);
      const isOfLease = ({ path }: Seen) => path.includes('/leases');
      if (right.resource === 'leases')
        await vi.waitUntil(() => replica.proxy.seen.filter(isOfLease).length >= 3, patiently);
      else if (!right.resource.startsWith('issuers')) await requests.ready('mesh');
      for (const [name, reason] of Object.entries(goesOn(right))) {
        if (reason !== undefined) await requests.ended(name, String(reason));
        else expect(conditionOf(await requests.get(name), 'Ready')?.reason).not.toBe('Issued');
      }
      expect(complaints()).toHaveLength(1);
    });
  });

  it('K-35: the document gives no right on Secrets', () => {
    expect(roles.flatMap(({ rules }) => rules).filter(({ resources }) => resources.includes('secrets'))).toEqual([]);
    expect(rights.length).toBeGreaterThan(10);
  });

  it('K-29: what was asked for before there were issuers, kinds or rights is signed once they have come, in any order', async () => {
    await waiting.ended('early', 'Issued');
    const watches = early.proxy.seen.filter(({ watch, path }) => watch && path.endsWith('/certificaterequests'));
    // an older definition has nothing to select by
    expect(watches.map(({ query }) => query.get('fieldSelector'))).not.toContain(expect.anything());
    expect(watches.length).toBeGreaterThan(0);
  }, 120_000);
});
