import type { KubernetesObject } from '#kubernetes/api.ts';
import { type CertificateRequest, issuerNamed } from './certificate-request.ts';
import { rfc3339, transitionTime } from './conditions.ts';
import { chainOf, rootsOf } from './handed-chain.ts';
import type { Handed, Word } from './request-kind.ts';

/** Longest message; what is longer helps nobody who reads it in a terminal. */
const longestMessage = 2_000;

type Reason = 'Pending' | 'Failed' | 'Denied' | 'Issued';

/** Certificate, trust anchor and Ready in one write: nobody sees the one without the other (kubernetes.md §1.5). */
export function issuedWord(request: CertificateRequest, handed: Handed, now: number): Word {
  const message = 'the certificate is on the record and was signed';
  return {
    status: {
      conditions: [readyCondition(request, 'True', 'Issued', message, now)],
      certificate: base64(chainOf(handed)),
      ca: base64(rootsOf(handed)),
    },
    event: { type: 'Normal', reason: 'Issued', note: `${issuerNamed(request.issuerRef)} has signed the certificate` },
  };
}

/** For good: nobody tries such a request again. `isInvalid`: the fault is the request's own. */
export function failedWord(request: CertificateRequest, message: string, now: number, isInvalid: boolean): Word {
  const conditions = [readyCondition(request, 'False', 'Failed', message, now)];
  if (isInvalid)
    conditions.push({
      type: 'InvalidRequest',
      status: 'True',
      reason: 'Refused',
      message: cut(message),
      lastTransitionTime: rfc3339(now),
    });
  return {
    status: { conditions, failureTime: request.failureTime ?? rfc3339(now) },
    event: { type: 'Warning', reason: 'Failed', note: message },
  };
}

/** An approver has said no; whoever waits looks at Ready. Its own event says it to people. */
export function deniedWord(request: CertificateRequest, message: string, now: number): Word {
  const condition = readyCondition(request, 'False', 'Denied', `the request was denied: ${message}`, now);
  return { status: { conditions: [condition], failureTime: request.failureTime ?? rfc3339(now) } };
}

/** Undefined where just that stands there already: what is said twice brings the object up again, over and over. */
export function pendingWord(request: CertificateRequest, message: string, now: number): Word | undefined {
  const { ready } = request;
  if (ready?.status === 'False' && ready.reason === 'Pending' && ready.message === cut(message)) return undefined;
  const status = { conditions: [readyCondition(request, 'False', 'Pending', message, now)] };
  return ready?.reason === 'Pending'
    ? { status }
    : { status, event: { type: 'Warning', reason: 'Pending', note: message } };
}

function readyCondition(
  { ready }: CertificateRequest,
  status: 'True' | 'False',
  reason: Reason,
  message: string,
  now: number,
): KubernetesObject {
  const lastTransitionTime = transitionTime(ready, status, now);
  return { type: 'Ready', status, reason, message: cut(message), lastTransitionTime };
}

const cut = (message: string) => message.slice(0, longestMessage).toWellFormed();
const base64 = (text: string) => Buffer.from(text, 'latin1').toString('base64');
