import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '#config/load.ts';
import { type RunningServer, startServer } from '#server/serve.ts';
import type { Access } from '#test/support/control-plane/client.ts';
import { at } from '#test/support/control-plane/client.ts';
import type { ControlPlane } from '#test/support/control-plane/control-plane.ts';
import { kubeconfig } from '#test/support/control-plane/kubeconfig.ts';
import { createNamespace, type Rule, requestToken } from '#test/support/control-plane/objects.ts';
import { apply, inNamespace } from './apply.ts';
import { kindOf, type Manifest, nameOf, ofKind, one, render, type Values } from './helm.ts';
import { MountedPod, type Secrets } from './mounted-pod.ts';
import { Replica } from './replica.ts';

/** One verb on one kind of object, which a role of the chart grants. */
export interface Right {
  /** Kind and name of the role. */
  readonly role: string;
  readonly verb: string;
  readonly resource: string;
  /** Where the rule names the objects. */
  readonly named: boolean;
}

const rulesOf = (role: Manifest): readonly Rule[] => {
  const rules = at(role, 'rules');
  return Array.isArray(rules) ? rules : [];
};
const rolesIn = (manifests: readonly Manifest[]) => [...ofKind(manifests, 'ClusterRole'), ...ofKind(manifests, 'Role')];
const bindingsIn = (manifests: readonly Manifest[]) => [
  ...ofKind(manifests, 'ClusterRoleBinding'),
  ...ofKind(manifests, 'RoleBinding'),
];

/** Not those that are bound to others, or to nobody. */
function rolesOfServer(manifests: readonly Manifest[]): readonly Manifest[] {
  const account = nameOf(one(manifests, 'ServiceAccount'));
  const bound = bindingsIn(manifests)
    .filter((binding) => at(binding, 'subjects', 0, 'name') === account)
    .map((binding) => `${at(binding, 'roleRef', 'kind')} ${at(binding, 'roleRef', 'name')}`);
  return rolesIn(manifests).filter((role) => bound.includes(`${kindOf(role)} ${nameOf(role)}`));
}

/** Whatever the release is called. */
const idOf = (role: Manifest) =>
  `${kindOf(role)} ${nameOf(role).replace(String(at(role, 'metadata', 'labels', 'app.kubernetes.io/instance')), '')}`;

/** Every right of the server's account, one by one. */
export function rightsIn(manifests: readonly Manifest[]): readonly Right[] {
  return rolesOfServer(manifests).flatMap((role) =>
    rulesOf(role).flatMap((rule) =>
      rule.resources.flatMap((resource) =>
        rule.verbs.map((verb) => ({ role: idOf(role), verb, resource, named: rule.resourceNames !== undefined })),
      ),
    ),
  );
}

/** The role without that right. */
function without(role: Manifest, right: Right): Manifest {
  if (idOf(role) !== right.role) return role;
  const rules = rulesOf(role).flatMap((rule) => {
    const concerned = rule.resources.includes(right.resource) && (rule.resourceNames !== undefined) === right.named;
    if (!concerned) return [rule];
    const others = rule.resources.filter((each) => each !== right.resource);
    const verbs = rule.verbs.filter((each) => each !== right.verb);
    return [
      ...(others.length === 0 ? [] : [{ ...rule, resources: others }]),
      ...(verbs.length === 0 ? [] : [{ ...rule, resources: [right.resource], verbs }]),
    ];
  });
  return { ...role, rules };
}

const logKey = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });

export interface InstallOptions {
  readonly values: readonly Values[];
  /** Further values, which need the namespace. */
  readonly select?: (namespace: string) => Values;
  readonly secrets?: Secrets;
  /** A right that its account does not have. */
  readonly without?: Right;
  /** Where it finds the API server, if not directly. */
  readonly through?: (token: string) => Access;
}

/** The objects that say who the server is and what it may do, applied; the server itself runs here under that account. */
export class Installed implements Disposable {
  readonly cluster: ControlPlane;
  readonly namespace: string;
  readonly manifests: readonly Manifest[];
  readonly #options: InstallOptions;
  readonly #pods: MountedPod[] = [];

  private constructor(
    cluster: ControlPlane,
    namespace: string,
    manifests: readonly Manifest[],
    options: InstallOptions,
  ) {
    this.cluster = cluster;
    this.namespace = namespace;
    this.manifests = manifests;
    this.#options = options;
  }

  static async make(cluster: ControlPlane, options: InstallOptions): Promise<Installed> {
    const namespace = await createNamespace(cluster.admin, { prefix: 'mesh' });
    await cluster.admin.patch(`/api/v1/namespaces/${namespace}`, { metadata: { labels: { mesh: namespace } } });
    const values = [testValues(namespace), ...options.values, options.select?.(namespace) ?? {}];
    const manifests = await render(values, { namespace, release: namespace });
    const installed = new Installed(cluster, namespace, manifests, options);
    await installed.#grant();
    return installed;
  }

  /** The containers as processes. */
  async start(number = 0): Promise<Replica> {
    return Replica.start(await this.#pod(number));
  }

  /** The server in the process of the test; nothing of it is checked but what rights decide. */
  async startHere(signal?: AbortSignal): Promise<RunningServer> {
    const pod = await this.#pod(0);
    for (const file of pod.initArguments.slice(2)) writeFileSync(file, logKey, { mode: 0o600 });
    return startServer(loadConfig(pod.configurationFile), signal);
  }

  async #pod(number: number): Promise<MountedPod> {
    const pod = new MountedPod(this.manifests, this.#options.secrets, number);
    this.#pods.push(pod);
    const token = await requestToken(this.cluster.admin, this.account);
    const access = this.#options.through?.(token) ?? { ...this.cluster.facts.access, token };
    const file = join(pod.folder, 'kubeconfig');
    writeFileSync(file, kubeconfig(access), { mode: 0o600 });
    pod.rewrite((configuration) => asHere(configuration, file));
    return pod;
  }

  /** Of the server. */
  get account(): { readonly namespace: string; readonly name: string } {
    return { namespace: this.namespace, name: nameOf(one(this.manifests, 'ServiceAccount')) };
  }

  [Symbol.dispose](): void {
    for (const pod of this.#pods) pod[Symbol.dispose]();
  }

  async #grant(): Promise<void> {
    const { admin } = this.cluster;
    const roles = rolesIn(this.manifests);
    const { without: missing } = this.#options;
    const granted = missing === undefined ? roles : roles.map((role) => without(role, missing));
    const given = ofKind(this.manifests, 'ConfigMap').filter((map) => at(map, 'data', 'issuer-name') !== undefined);
    const objects = [one(this.manifests, 'ServiceAccount'), ...granted, ...bindingsIn(this.manifests), ...given];
    await apply(admin, objects, { namespace: this.namespace });
  }
}

/** Values by which releases in one cluster keep out of each other's way. */
const testValues = (namespace: string): Values => ({
  ...inNamespace(namespace),
  distribution: {
    clusterTrustBundle: { name: `test.example:${namespace}:roots`, signerName: `test.example/${namespace}` },
  },
});

/** What differs where the server is no pod: its addresses, and the file that says who it is. */
function asHere(configuration: Record<string, unknown>, file: string): void {
  const set = (value: unknown, key: string, content: unknown) => {
    if (typeof value === 'object' && value !== null) Object.assign(value, { [key]: content });
  };
  set(configuration.istio, 'listen', '127.0.0.1:0');
  configuration.admin = { listen: '127.0.0.1:0' };
  if (configuration.revocation !== undefined) set(configuration.revocation, 'listen', '127.0.0.1:0');
  if (configuration.witness !== undefined) set(configuration.witness, 'listen', '127.0.0.1:0');
  if (configuration.api !== undefined) set(configuration.api, 'listen', '127.0.0.1:0');
  set(configuration.distribution, 'kubeconfig', file);
  set(configuration.clusterRequests, 'kubeconfig', file);
  const each = (value: unknown) => (Array.isArray(value) ? value : []);
  for (const entry of each(configuration.authenticators)) set(at(entry, 'kubernetes'), 'kubeconfig', file);
  for (const issuer of each(configuration.issuers)) set(at(issuer, 'certManager'), 'kubeconfig', file);
  set(at(configuration, 'telemetry', 'logs'), 'format', 'json');
}
