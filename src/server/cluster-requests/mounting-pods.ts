import { BoundObjects } from '#authn/kubernetes/bound-objects.ts';
import type { TokenObserver } from '#authn/kubernetes/observer.ts';
import { PodClaimAuthenticator, refuseClaim } from '#authn/kubernetes/pod-claims.ts';
import type { Authenticator } from '#issuance/ports.ts';
import { type FollowedCluster, readFollowedPod } from '../followed-cluster.ts';
import type { Foundation } from '../foundation.ts';

/** ms for one look at an object. */
const lookMs = 5_000;
/** ms without a word from a watch after which no pod is taken to be there. */
const staleAfterMs = 60_000;

/** Begins to follow the pods of a cluster, their accounts and nodes: what PodCertificateRequests make claims about. */
export function claimsOfPods(
  { config, clock }: Foundation,
  { api, pods, serviceaccounts, nodes }: FollowedCluster,
): Pick<Authenticator, 'authenticate'> {
  const objects = new BoundObjects({
    ...{ views: { pods, serviceaccounts, nodes }, api, clock, observer: unheard, timeoutMs: lookMs },
    readPod: readFollowedPod,
    refuse: refuseClaim,
  });
  return new PodClaimAuthenticator({ objects, trustDomain: config.trustDomain, staleAfterMs });
}

/** The metrics of callers by token are about tokens. */
const unheard: TokenObserver = { reviewed() {}, gotLive() {}, readKeys() {}, servedStale() {} };
