import { isObject } from './answer.ts';
import { ApiError, type KubernetesObject, malformed } from './api.ts';

/** `spec` of a coordination.k8s.io/v1 Lease as client-go's leader election writes it. */
export interface LeaseRecord {
  /** Empty: released. */
  readonly holder: string;
  readonly durationSeconds: number;
  readonly transitions: number;
  /** RFC 3339 with microseconds, for people; no decision rests on them. */
  readonly acquireTime: string;
  readonly renewTime: string;
}

/** Throws ApiError for what is no Lease. */
export function readLease({ spec }: KubernetesObject): LeaseRecord {
  const { holderIdentity, leaseDurationSeconds, leaseTransitions, acquireTime, renewTime } = isObject(spec) ? spec : {};
  if (spec !== undefined && !isObject(spec)) throw new ApiError('not a Lease', { status: 0, reason: malformed });
  return {
    holder: typeof holderIdentity === 'string' ? holderIdentity : '',
    durationSeconds: typeof leaseDurationSeconds === 'number' ? leaseDurationSeconds : 0,
    transitions: typeof leaseTransitions === 'number' ? leaseTransitions : 0,
    acquireTime: typeof acquireTime === 'string' ? acquireTime : '',
    renewTime: typeof renewTime === 'string' ? renewTime : '',
  };
}

/** `lease` with another record; all that others wrote into it stays, its resourceVersion above all. */
export function writeLease(lease: KubernetesObject, record: LeaseRecord): KubernetesObject {
  const { holder, durationSeconds, transitions, acquireTime, renewTime } = record;
  return {
    ...lease,
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    spec: {
      ...(isObject(lease.spec) && lease.spec),
      holderIdentity: holder,
      leaseDurationSeconds: durationSeconds,
      leaseTransitions: transitions,
      acquireTime,
      renewTime,
    },
  };
}

/** A MicroTime of the API: microseconds, of which we know the first three digits. */
export function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}
