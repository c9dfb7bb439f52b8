import { BoundObjects } from '#authn/kubernetes/bound-objects.ts';
import { readBound, readMountingPod } from '#authn/kubernetes/object-facts.ts';
import type { TokenObserver } from '#authn/kubernetes/observer.ts';
import { PodClaimAuthenticator, refuseClaim } from '#authn/kubernetes/pod-claims.ts';
import type { Authenticator } from '#issuance/ports.ts';
import type { KubernetesApi, KubernetesObject } from '#kubernetes/api.ts';
import { Reflector } from '#kubernetes/reflector.ts';
import type { Foundation } from '../foundation.ts';

/** ms for one look at an object. */
const lookMs = 5_000;
/** ms without a word from a watch after which no pod is taken to be there. */
const staleAfterMs = 60_000;

/** Begins to follow the pods of a cluster, their accounts and nodes: what PodCertificateRequests make claims about. */
export function followMountingPods(
  { config, clock, logger }: Foundation,
  api: KubernetesApi,
): { readonly callers: Pick<Authenticator, 'authenticate'>; stop(): Promise<void> } {
  const reflector = <T>(kind: string, strip: (object: KubernetesObject) => T) => {
    const onTrouble = (reason: string) => logger.warn('requests of the cluster', { component: kind, reason });
    const made = new Reflector<T>({ api, path: `/api/v1/${kind}`, strip, onTrouble });
    made.start();
    return made;
  };
  const views = {
    pods: reflector('pods', readMountingPod),
    serviceaccounts: reflector('serviceaccounts', readBound),
    nodes: reflector('nodes', readBound),
  };
  const objects = new BoundObjects({
    ...{ views, api, clock, observer: unheard, timeoutMs: lookMs },
    readPod: readMountingPod,
    refuse: refuseClaim,
  });
  return {
    callers: new PodClaimAuthenticator({ objects, trustDomain: config.trustDomain, staleAfterMs }),
    async stop() {
      await Promise.all(Object.values(views).map((view) => view.stop()));
    },
  };
}

/** The metrics of callers by token are about tokens. */
const unheard: TokenObserver = { reviewed() {}, gotLive() {}, readKeys() {}, servedStale() {} };
