import type { ControlPlane } from '#test/support/control-plane/control-plane.ts';
import {
  createNamespace,
  createServiceAccount,
  grant,
  serviceAccountKubeconfig,
} from '#test/support/control-plane/objects.ts';
import { TestHome } from '#test/support/home.ts';

export type TokenMode = 'local' | 'review';

/** A home whose server proves tokens of that cluster, with no more rights there than it needs. */
export async function kubernetesHome(
  cluster: ControlPlane,
  mode: TokenMode,
  config: Readonly<Record<string, unknown>>,
): Promise<TestHome> {
  const { admin } = cluster;
  const own = await createServiceAccount(admin, await createNamespace(admin), 'countersign');
  await grant(admin, own, [
    { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
    { apiGroups: [''], resources: ['pods', 'serviceaccounts', 'nodes'], verbs: ['get', 'list', 'watch'] },
  ]);
  const authenticators = [{ kubernetes: { mode, kubeconfig: 'kubeconfig' } }];
  const home = new TestHome({ config: { ...config, authenticators } });
  home.write('kubeconfig', await serviceAccountKubeconfig(cluster, own), 0o600);
  return home;
}
