import type { KubernetesObject } from '#kubernetes/api.ts';
import { readCertificate } from '#x509/certificate.ts';
import { readPem } from '#x509/pem.ts';
import { rfc3339 } from './conditions.ts';
import type { Handed } from './request-kind.ts';

/** Longest message that the API server takes, characters. */
const longestMessage = 32_768;

/**
 * The one status write of an issued request (kubernetes.md §3.4). Times are read from the certificate itself: the API
 * server compares them to the second. `now` in ms.
 */
export function issuedStatus({ leaf, intermediates }: Handed, now: number): KubernetesObject {
  const { notBefore, notAfter } = readCertificate(readPem(leaf, ['CERTIFICATE']));
  return {
    conditions: [condition('Issued', 'Issued', 'the certificate names the service account of the pod', now)],
    certificateChain: [leaf, ...intermediates].join(''),
    notBefore: time(notBefore),
    // half of its life is left then, as for every workload of a mesh
    beginRefreshAt: time(Math.floor((notBefore + notAfter) / 2)),
    notAfter: time(notAfter),
  };
}

/** For good: kubelet asks no more for the life of the pod. */
export function deniedStatus(reason: string, message: string, now: number): KubernetesObject {
  return { conditions: [condition('Denied', reason, message.slice(0, longestMessage), now)] };
}

function condition(type: 'Issued' | 'Denied', reason: string, message: string, now: number): KubernetesObject {
  return { type, status: 'True', reason, message, lastTransitionTime: rfc3339(now) };
}

const time = (seconds: number) => rfc3339(seconds * 1000);

/** When the API server no longer takes a status with this certificate: its notBefore must be less than five minutes old. */
export function isStale({ leaf }: Pick<Handed, 'leaf'>, now: number): boolean {
  return now / 1000 - readCertificate(readPem(leaf, ['CERTIFICATE'])).notBefore > 270;
}
