import type { OwnedTrustBundle } from '#distribution/trust-bundle.ts';
import type { IssuerObject } from '#doors/kubernetes/issuer-object.ts';
import type { IssuerObjects } from '#doors/kubernetes/issuer-objects.ts';
import { issuerGroup, issuerVersion } from '#doors/kubernetes/issuer-resource.ts';
import type { Answered } from './kinds.ts';
import type { KeepTrustBundles } from './trust-bundles.ts';

/** Every node of a cluster keeps all of its ClusterTrustBundles in memory. */
const mostBundles = 100;
const domain = `clusterissuers.${issuerGroup}`;

/** A ClusterTrustBundle linked to each ClusterIssuer, as a signer by its name. `told`: that some have none. */
export function keepIssuerBundles(
  keep: KeepTrustBundles,
  objects: Pick<IssuerObjects, 'clusterIssuers'>,
  told: (message: string) => void,
): Answered {
  let isFull = false;
  return keep({
    isOne: (name) => name.startsWith(`${domain}:`) && name.endsWith(':roots'),
    wanted() {
      const issuers = [...objects.clusterIssuers()];
      if (issuers.length > mostBundles && !isFull)
        told(`of ${issuers.length} ClusterIssuers the ${mostBundles} oldest have a ClusterTrustBundle, and no others`);
      isFull = issuers.length > mostBundles;
      return issuerBundles(issuers);
    },
  });
}

/** By name. Who has one keeps it, also when younger issuers come: another replica chooses the same. */
export function issuerBundles(
  issuers: readonly Pick<IssuerObject, 'name' | 'uid' | 'createdAt'>[],
): ReadonlyMap<string, OwnedTrustBundle> {
  const oldest = issuers
    .toSorted((one, other) => compare(one.createdAt, other.createdAt) || compare(one.name, other.name))
    .slice(0, mostBundles);
  return new Map(oldest.map(({ name, uid }) => [bundleName(name), bundleOf(name, uid)]));
}

const bundleName = (issuer: string) => `${domain}:${issuer}:roots`;

const bundleOf = (name: string, uid: string): OwnedTrustBundle => ({
  name: bundleName(name),
  signerName: `${domain}/${name}`,
  owner: { apiVersion: `${issuerGroup}/${issuerVersion}`, kind: 'ClusterIssuer', name, uid },
});

const compare = (one: string, other: string) => (one < other ? -1 : Number(one > other));
