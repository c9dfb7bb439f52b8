import { randomUUID } from 'node:crypto';
import { at, type TestClient } from '#test/support/control-plane/client.ts';
import type { ControlPlane } from '#test/support/control-plane/control-plane.ts';
import { kubeconfig } from '#test/support/control-plane/kubeconfig.ts';
import { createNamespace, createServiceAccount, grant, requestToken } from '#test/support/control-plane/objects.ts';
import { sharedControlPlane } from '#test/support/control-plane/shared.ts';
import type { TestHome } from '#test/support/home.ts';

/** How callers of a mesh prove who they are: by a JWT, or by a real service-account token in one of the two modes. */
export type Proof = 'jwt' | 'review' | 'local';

/** Makes the tokens of a mesh's callers. */
export interface Tokens {
  token(namespace: string, account: string, claims?: Readonly<Record<string, unknown>>): string;
}

/** Accounts and their pods in the shared cluster, by `namespace/name`; tests that run beside each other share them. */
const everyMesh = ['demo/web', 'banned/web', 'banned/other'];
/** Of those that `newToken` gives out. */
const population = 320;

/** What the server's configuration says of Kubernetes callers, and who they are. */
export class KubernetesCallers implements Tokens {
  readonly #cluster: ControlPlane;
  readonly #claims: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  readonly authenticators: readonly unknown[];
  readonly #kubeconfig: string;

  private constructor(
    cluster: ControlPlane,
    claims: ReadonlyMap<string, Readonly<Record<string, unknown>>>,
    mode: 'review' | 'local',
    access: string,
  ) {
    this.#cluster = cluster;
    this.#claims = claims;
    this.#kubeconfig = access;
    this.authenticators = [{ clientCertificate: {} }, { kubernetes: { mode, kubeconfig: 'kubeconfig' } }];
  }

  static async prepare(mode: 'review' | 'local', crowd: boolean): Promise<KubernetesCallers> {
    const cluster = await sharedControlPlane();
    const { admin } = cluster;
    const own = Array.from({ length: crowd ? population : 0 }, (_, n) => `demo/one-${n + 1}`);
    const claims = await callers(admin, [...everyMesh, ...own]);
    const namespace = await createNamespace(admin, { prefix: 'mesh' });
    const account = await createServiceAccount(admin, namespace, 'countersign');
    await grant(admin, account, [
      { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
      { apiGroups: [''], resources: ['pods', 'serviceaccounts', 'nodes'], verbs: ['get', 'list', 'watch'] },
    ]);
    const access = kubeconfig({ ...cluster.facts.access, token: await requestToken(admin, account) });
    return new KubernetesCallers(cluster, claims, mode, access);
  }

  install(home: TestHome): void {
    home.write('kubeconfig', this.#kubeconfig, 0o600);
  }

  /** As the API server makes them, signed with its own key; `claims` are laid over. */
  token(namespace: string, account: string, claims: Readonly<Record<string, unknown>> = {}): string {
    const bound = this.#claims.get(`${namespace}/${account}`);
    if (bound === undefined) throw new Error(`nobody made the account ${namespace}/${account}`);
    const now = Math.floor(Date.now() / 1000);
    return this.#cluster.tokenKey.token({
      iss: this.#cluster.issuer,
      aud: ['istio-ca'],
      sub: `system:serviceaccount:${namespace}:${account}`,
      iat: now,
      nbf: now,
      exp: now + 3600,
      jti: randomUUID(),
      'kubernetes.io': bound,
      ...claims,
    });
  }
}

const made = new Map<string, Readonly<Record<string, unknown>>>();

/** Each made once in a process. */
async function callers(
  admin: TestClient,
  names: readonly string[],
): Promise<ReadonlyMap<string, Readonly<Record<string, unknown>>>> {
  const missing = names.filter((name) => !made.has(name));
  if (missing.length > 0)
    for (const name of ['demo', 'banned']) await had(admin, '/api/v1/namespaces', { metadata: { name } });
  for (let n = 0; n < missing.length; n += 16) {
    await Promise.all(missing.slice(n, n + 16).map(async (name) => made.set(name, await caller(admin, name))));
  }
  return made;
}

/** An account with one pod, and what tokens say of both. */
async function caller(admin: TestClient, key: string): Promise<Readonly<Record<string, unknown>>> {
  const [namespace = '', name = ''] = key.split('/');
  const folder = `/api/v1/namespaces/${namespace}`;
  const account = await had(admin, `${folder}/serviceaccounts`, { metadata: { name } });
  const pod = await had(admin, `${folder}/pods`, {
    metadata: { name: `${name}-0` },
    spec: {
      serviceAccountName: name,
      automountServiceAccountToken: false,
      containers: [{ name: 'app', image: 'app.test/app:1' }],
    },
  });
  return { namespace, serviceaccount: { name, uid: uidOf(account) }, pod: { name: `${name}-0`, uid: uidOf(pod) } };
}

/** The object, made unless it is there already. */
async function had(
  admin: TestClient,
  folder: string,
  object: Readonly<Record<string, unknown>> & { readonly metadata: { readonly name: string } },
): Promise<unknown> {
  const { status, body } = await admin.ask('POST', folder, { body: object });
  if (status === 201) return body;
  if (status === 409) return await admin.get(`${folder}/${object.metadata.name}`);
  throw new Error(`POST ${folder}: ${status} ${JSON.stringify(body)}`);
}

const uidOf = (object: unknown) => at(object, 'metadata', 'uid');
