import type { KubernetesObject } from '#kubernetes/api.ts';
import type { View } from '#kubernetes/view.ts';

/** As much of an object as says whether a token bound to it still counts; the rest is not kept. */
export interface BoundFacts {
  readonly uid: string;
  /** When its grace period ends, ms since the epoch; absent unless it is being deleted. */
  readonly deletedAt?: number;
}

export interface PodFacts extends BoundFacts {
  readonly serviceAccountName: string;
  /** Empty until it is scheduled. */
  readonly nodeName: string;
  readonly phase: string;
}

/** What a cluster's tokens are bound to, each kind in all namespaces. */
export interface BoundViews<Pod extends PodFacts = PodFacts> {
  readonly pods: View<Pod>;
  readonly serviceaccounts: View<BoundFacts>;
  readonly nodes: View<BoundFacts>;
}

export type BoundKindName = keyof BoundViews;

/** Throws Error for what is no object of the API. */
export function readBound({ metadata }: KubernetesObject): BoundFacts {
  const { uid, deletionTimestamp } = members(metadata);
  if (typeof uid !== 'string' || uid === '') throw new Error('an object without metadata.uid');
  if (deletionTimestamp === undefined || deletionTimestamp === null) return { uid };
  const deletedAt = Date.parse(String(deletionTimestamp));
  return { uid, deletedAt: Number.isNaN(deletedAt) ? 0 : deletedAt };
}

/** Throws Error for what is no object of the API. */
export function readPod(object: KubernetesObject): PodFacts {
  const { serviceAccountName, nodeName } = members(object.spec);
  return {
    ...readBound(object),
    serviceAccountName: text(serviceAccountName),
    nodeName: text(nodeName),
    phase: text(members(object.status).phase),
  };
}

/** As much of a pod as says whether a certificate may be asked for it. */
export interface MountingPod extends PodFacts {
  /** Signers of the certificates that it mounts. */
  readonly signers: readonly string[];
}

/** Throws Error for what is no object of the API. */
export function readMountingPod(object: KubernetesObject): MountingPod {
  const volumes = list(members(object.spec).volumes);
  const sources = volumes.flatMap((volume) => list(members(members(volume).projected).sources));
  const signers = sources.map((source) => text(members(members(source).podCertificate).signerName));
  const named = signers.filter((name) => name !== '');
  // nearly all pods mount none, and all of a cluster's are kept
  return { ...readPod(object), signers: named.length === 0 ? none : [...new Set(named)] };
}

const none: readonly string[] = [];

function members(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const text = (value: unknown) => (typeof value === 'string' ? value : '');
