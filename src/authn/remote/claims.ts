import type { KubeconfigSecret, RemoteKubeconfig } from './kubeconfig-secret.ts';

/** What one Secret says of one cluster. */
export interface Claim extends RemoteKubeconfig {
  readonly id: string;
  readonly secret: string;
}

/** Cluster id → who claims it, the oldest Secret first: so all replicas see them in the same order, also after a start. */
export function claimsIn(secrets: Iterable<KubeconfigSecret>): ReadonlyMap<string, readonly Claim[]> {
  const claims = new Map<string, Claim[]>();
  for (const { name: secret, kubeconfigs } of [...secrets].toSorted(byAge)) {
    for (const [id, kubeconfig] of kubeconfigs) {
      const claim = { id, secret, ...kubeconfig };
      const others = claims.get(id);
      if (others === undefined) claims.set(id, [claim]);
      else others.push(claim);
    }
  }
  return claims;
}

function byAge(a: KubeconfigSecret, b: KubeconfigSecret): number {
  const [first, second] = [`${a.createdAt} ${a.name}`, `${b.createdAt} ${b.name}`];
  return first < second ? -1 : Number(first > second);
}
