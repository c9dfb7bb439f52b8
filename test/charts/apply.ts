import { at, type TestClient } from '#test/support/control-plane/client.ts';
import { kindOf, type Manifest, nameOf } from './helm.ts';

/** Kind → where its objects are. */
const collections: Readonly<Record<string, string>> = {
  ClusterRole: 'clusterroles',
  ClusterRoleBinding: 'clusterrolebindings',
  ConfigMap: 'configmaps',
  NetworkPolicy: 'networkpolicies',
  PodDisruptionBudget: 'poddisruptionbudgets',
  PrometheusRule: 'prometheusrules',
  Role: 'roles',
  RoleBinding: 'rolebindings',
  Service: 'services',
  ServiceAccount: 'serviceaccounts',
  ServiceMonitor: 'servicemonitors',
  StatefulSet: 'statefulsets',
};

/** Its path at the API server; what names no namespace and has one is in `namespace`. */
function pathOf(manifest: Manifest, namespace: string): string {
  const kind = kindOf(manifest);
  const version = String(manifest.apiVersion);
  const group = version.includes('/') ? `/apis/${version}` : `/api/${version}`;
  const place = kind.startsWith('Cluster')
    ? ''
    : `/namespaces/${String(at(manifest, 'metadata', 'namespace') ?? namespace)}`;
  return `${group}${place}/${collections[kind] ?? `unknown-${kind}`}/${nameOf(manifest)}`;
}

/** Server-side, as `kubectl apply --server-side --validate=strict` does it. Rejects with the API server's words. */
export async function apply(
  admin: TestClient,
  manifests: readonly Manifest[],
  { namespace = 'default', dryRun = false } = {},
): Promise<void> {
  // a release of another test may have an object of that name
  const query = `fieldManager=test&fieldValidation=Strict${dryRun ? '&dryRun=All&force=true' : ''}`;
  for (const manifest of manifests)
    await admin.must('PATCH', `${pathOf(manifest, namespace)}?${query}`, manifest, 'application/apply-patch+yaml');
}

/** Kinds that the tests' API server does not have by itself, and how long they take to be served. */
export async function installKinds(admin: TestClient, definitions: readonly unknown[]): Promise<void> {
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  for (const definition of definitions) {
    const name = String(at(definition, 'metadata', 'name'));
    await admin.must(
      'PATCH',
      `${path}/${name}?fieldManager=test&force=true`,
      definition,
      'application/apply-patch+yaml',
    );
    const group = String(at(definition, 'spec', 'group'));
    const version = String(at(definition, 'spec', 'versions', 0, 'name'));
    const plural = String(at(definition, 'spec', 'names', 'plural'));
    const served = async () => (await admin.ask('GET', `/apis/${group}/${version}/${plural}?limit=1`)).status === 200;
    while (!(await served())) await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Values that put a release's objects into namespaces of the test's own, and nothing where others would meet it. */
export const inNamespace = (namespace: string) => ({
  app: {
    certmanager: { namespace },
    istio: { namespace },
    controller: { leaderElectionNamespace: namespace },
  },
  kubernetes: { remoteClusters: { namespace } },
  // the definitions are the whole cluster's
  crds: { enabled: false },
});
