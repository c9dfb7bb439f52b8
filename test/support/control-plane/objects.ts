import { randomBytes } from 'node:crypto';
import { at, type TestClient } from './client.ts';
import { kubeconfig } from './kubeconfig.ts';

/** What tests put into a cluster. Each function takes the administrator's client and creates what it names. */

export interface ServiceAccount {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface Node {
  readonly name: string;
  readonly uid: string;
}

export interface Pod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly serviceAccount: string;
  /** Empty where it is not scheduled. */
  readonly node: string;
}

export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

const fresh = (prefix: string) => `${prefix}-${randomBytes(4).toString('hex')}`;
const rbac = '/apis/rbac.authorization.k8s.io/v1';

/** The UID that the API server gave it. */
function uidOf(object: unknown): string {
  const uid = at(object, 'metadata', 'uid');
  if (typeof uid !== 'string') throw new Error(`no uid: ${JSON.stringify(object)}`);
  return uid;
}

/** Returns its name, which nothing else in the cluster has. Labels can be told to change later by `admin.patch`. */
export async function createNamespace(
  admin: TestClient,
  options: { readonly prefix?: string; readonly labels?: Readonly<Record<string, string>> } = {},
): Promise<string> {
  const name = fresh(options.prefix ?? 'ns');
  await admin.create('/api/v1/namespaces', { metadata: { name, labels: options.labels ?? {} } });
  return name;
}

export async function createServiceAccount(
  admin: TestClient,
  namespace: string,
  name = fresh('sa'),
): Promise<ServiceAccount> {
  const object = await admin.create(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name } });
  return { namespace, name, uid: uidOf(object) };
}

export async function createNode(admin: TestClient, name = fresh('node')): Promise<Node> {
  return { name, uid: uidOf(await admin.create('/api/v1/nodes', { metadata: { name } })) };
}

export interface PodOptions {
  readonly name?: string;
  /** Its name; the Node need not exist. */
  readonly node?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Pending, as the API server makes it, unless told. */
  readonly phase?: string;
  /** status.podIP. */
  readonly ip?: string;
  /** Of the tokens that it mounts as projected volumes: a node gets tokens for no others. */
  readonly audiences?: readonly string[];
  /** Of the certificates that it mounts as projected volumes. */
  readonly signers?: readonly string[];
}

/** A pod that no kubelet runs. Its ServiceAccount must exist. */
export async function createPod(
  admin: TestClient,
  account: Pick<ServiceAccount, 'namespace' | 'name'>,
  options: PodOptions = {},
): Promise<Pod> {
  const { name = fresh('pod'), node, labels = {}, annotations = {}, audiences = [], signers = [] } = options;
  const path = `/api/v1/namespaces/${account.namespace}/pods`;
  const object = await admin.create(path, {
    metadata: { name, labels, annotations },
    spec: {
      serviceAccountName: account.name,
      automountServiceAccountToken: false,
      containers: [{ name: 'app', image: 'app.test/app:1' }],
      volumes: [
        ...audiences.map((audience, n) => ({
          name: `token-${n}`,
          projected: { sources: [{ serviceAccountToken: { audience, path: 'token' } }] },
        })),
        ...signers.map((signerName, n) => ({
          name: `certificate-${n}`,
          projected: {
            sources: [{ podCertificate: { signerName, keyType: 'ECDSAP256', credentialBundlePath: 'bundle.pem' } }],
          },
        })),
      ],
      ...(node !== undefined && { nodeName: node }),
    },
  });
  const pod = {
    namespace: account.namespace,
    name,
    uid: uidOf(object),
    serviceAccount: account.name,
    node: node ?? '',
  };
  if (options.phase !== undefined || options.ip !== undefined) await setPodStatus(admin, pod, options);
  return pod;
}

export async function setPodStatus(
  admin: TestClient,
  pod: Pod,
  { phase, ip }: { readonly phase?: string; readonly ip?: string },
): Promise<void> {
  await admin.patch(`/api/v1/namespaces/${pod.namespace}/pods/${pod.name}/status`, {
    status: {
      ...(phase !== undefined && { phase }),
      ...(ip !== undefined && { podIP: ip, podIPs: [{ ip }] }),
    },
  });
}

/** At once; with a period of grace a pod that has a node stays, terminating, until it is deleted again without one. */
export async function deletePod(admin: TestClient, pod: Pod, graceSeconds = 0): Promise<void> {
  await admin.delete(`/api/v1/namespaces/${pod.namespace}/pods/${pod.name}`, graceSeconds);
}

export interface TokenOptions {
  /** The API server's own where none is named. */
  readonly audiences?: readonly string[];
  /** The token is bound to it. */
  readonly pod?: Pick<Pod, 'name' | 'uid'>;
  /** The token is bound to this Secret of the same namespace instead. */
  readonly secret?: { readonly name: string; readonly uid: string };
  /** 600 at the least. */
  readonly expirationSeconds?: number;
}

/** A Secret with nothing in it. */
export async function createSecret(admin: TestClient, namespace: string): Promise<{ name: string; uid: string }> {
  const name = fresh('secret');
  return { name, uid: uidOf(await admin.create(`/api/v1/namespaces/${namespace}/secrets`, { metadata: { name } })) };
}

/** A token by TokenRequest. */
export async function requestToken(
  admin: TestClient,
  account: Pick<ServiceAccount, 'namespace' | 'name'>,
  options: TokenOptions = {},
): Promise<string> {
  const { audiences = [], pod, secret, expirationSeconds = 3600 } = options;
  const bound = pod ?? secret;
  const path = `/api/v1/namespaces/${account.namespace}/serviceaccounts/${account.name}/token`;
  const object = await admin.create(path, {
    spec: {
      audiences,
      expirationSeconds,
      ...(bound && {
        boundObjectRef: {
          kind: bound === pod ? 'Pod' : 'Secret',
          apiVersion: 'v1',
          name: bound.name,
          uid: bound.uid,
        },
      }),
    },
  });
  const token = at(object, 'status', 'token');
  if (typeof token !== 'string') throw new Error(`no token: ${JSON.stringify(object)}`);
  return token;
}

/** The text of a kubeconfig with which a service account of that cluster comes in, by a token of TokenRequest. */
export async function serviceAccountKubeconfig(
  cluster: { readonly admin: TestClient },
  account: Pick<ServiceAccount, 'namespace' | 'name'>,
  name?: string,
): Promise<string> {
  const token = await requestToken(cluster.admin, account);
  return kubeconfig({ ...cluster.admin.access, token }, name === undefined ? {} : { name });
}

/** `status` of a TokenReview. */
export async function reviewToken(client: TestClient, token: string, audiences?: readonly string[]): Promise<unknown> {
  const path = '/apis/authentication.k8s.io/v1/tokenreviews';
  const object = await client.create(path, { spec: { token, ...(audiences && { audiences }) } });
  return at(object, 'status');
}

/** Lets a service account do what the rules say: in one namespace, or in the whole cluster where none is named. */
export async function grant(
  admin: TestClient,
  account: Pick<ServiceAccount, 'namespace' | 'name'>,
  rules: readonly Rule[],
  namespace?: string,
): Promise<void> {
  const scope = namespace === undefined ? 'Cluster' : '';
  const folder = namespace === undefined ? rbac : `${rbac}/namespaces/${namespace}`;
  const name = fresh('grant');
  await admin.create(`${folder}/${scope.toLowerCase()}roles`, { metadata: { name }, rules });
  await admin.create(`${folder}/${scope.toLowerCase()}rolebindings`, {
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: `${scope}Role`, name },
    subjects: [{ kind: 'ServiceAccount', namespace: account.namespace, name: account.name }],
  });
}
