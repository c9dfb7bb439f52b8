import type { KubernetesObject } from '#kubernetes/api.ts';
import type { View } from '#kubernetes/view.ts';
import { type PodFacts, readPod } from '../kubernetes/object-facts.ts';

/** A pod, its name, and so what runs where and as whom. */
export interface PlacedPod extends PodFacts {
  readonly namespace: string;
  readonly name: string;
}

/** Pods that can be looked up by `podIndexes`. */
export interface PodView extends View<PlacedPod> {
  by(index: keyof typeof podIndexes, value: string): Iterable<PlacedPod>;
}

/** Which pods run on a node as a service account. */
export interface Placement {
  readonly node: string;
  readonly namespace: string;
  readonly serviceAccount: string;
}

/** No name in Kubernetes holds a "/". */
export const placementKey = ({ node, namespace, serviceAccount }: Placement) =>
  `${node}/${namespace}/${serviceAccount}`;

/** For the watch that keeps a PodView up; what is not scheduled runs nowhere. */
export const podIndexes = {
  placement: ({ nodeName: node, namespace, serviceAccountName: serviceAccount }: PlacedPod): string | undefined =>
    node === '' || serviceAccount === '' ? undefined : placementKey({ node, namespace, serviceAccount }),
};

/** Throws Error for what is no object of the API. */
export function readPlacedPod(object: KubernetesObject): PlacedPod {
  const { namespace, name } = Object(object.metadata);
  if (typeof namespace !== 'string' || typeof name !== 'string') throw new Error('a pod without namespace and name');
  return { ...readPod(object), namespace, name };
}

/** The end of a grace period is the API server's time, which may be off by this, ms (contract kubernetes.md §5.2 item 4). */
const leewayMs = 60_000;

/**
 * A pod counts for the agent of its node as long as its own token would for itself: one that has ended needs no
 * certificate any more; one that is being deleted does until its grace period is over, for it drains its connections.
 */
export function isAlive({ phase, deletedAt }: PlacedPod, now: number): boolean {
  if (phase === 'Failed' || phase === 'Succeeded') return false;
  return deletedAt === undefined || now <= deletedAt + leewayMs;
}
