import type { AskedNamed } from '#authority/own-certificate.ts';
import { parseGoDuration } from '#document/go-duration.ts';
import type { IssuanceRequest } from '#issuance/request.ts';
import { Refusal } from '#refusal/refusal.ts';
import { type CertificateRequest, issuerNamed, readCertificateRequest } from './certificate-request.ts';
import { deniedWord, failedWord, issuedWord, pendingWord } from './certificate-request-status.ts';
import { hasEnded } from './handed-chain.ts';
import { issuerGroup } from './issuer-resource.ts';
import type { IssuerSpec } from './issuer-spec.ts';
import { type Asked, issuerWish, nothingAsked } from './issuer-wish.ts';
import { readUsages } from './key-usages.ts';
import type { Handed, RequestKind, Said, Verdict } from './request-kind.ts';

/**
 * How an issuer that a request names stands: what it offers, or why not (yet), where that can be told. `againMs`: until that
 * may be another, though no issuer changes.
 */
export type IssuerStanding =
  | { readonly offers: IssuerSpec }
  | { readonly waits: string | undefined; readonly againMs?: number };

export interface CertificateRequestsOptions {
  /** Name of the cluster, in policies and records. */
  readonly cluster: string;
  /** By `issuers/NAMESPACE/NAME` or `clusterissuers/NAME`. */
  readonly issuer: (key: string) => IssuerStanding;
  /** A chain that stands in a status, as we give it, where it is ours for just that request; else undefined. `now` in ms. */
  readonly own: (chain: string, asked: AskedNamed, now: number) => Handed | undefined;
  /** ms for which what may pass is tried before a request is told to have failed. */
  readonly retryForMs: number;
}

/** What cert-manager asks for where its user says nothing. */
const usualUsages = ['digital signature', 'key encipherment'];

/**
 * CertificateRequests of cert-manager that name an issuer of ours (kubernetes.md §1). To cert-manager a failure costs an
 * hour, so what the environment can heal stays pending for as long as the budget lasts.
 */
export function certificateRequests(options: CertificateRequestsOptions): RequestKind<CertificateRequest> {
  return {
    group: 'cert-manager.io',
    versions: ['v1'],
    kind: 'CertificateRequest',
    plural: 'certificaterequests',
    fieldSelector: `spec.issuerRef.group=${issuerGroup}`,
    writing: 'apply',
    looksAgain: true,
    read: readCertificateRequest,
    isOwnChange: (before, after) => withoutOurs(before) === withoutOurs(after),
    verdict: (request, now) => verdictOn(request, options, now),
    attempt: (request) => attemptOf(request, options),
    issued: issuedWord,
    refused: (request, refusal, now, since) => saidTo(request, refusal, now, now - since > options.retryForMs),
    isStale: hasEnded,
  };
}

const withoutOurs = ({ resourceVersion: _, ready: __, failureTime: ___, ...rest }: CertificateRequest) =>
  JSON.stringify(rest);

function verdictOn(request: CertificateRequest, options: CertificateRequestsOptions, now: number): Verdict | undefined {
  if (request.denied !== undefined) return { settled: deniedWord(request, request.denied, now) };
  const refused = (code: 'request.malformed' | 'csr.extension', why: string): Verdict => {
    const refusal = new Refusal(code, why);
    return { refusal, word: failedWord(request, why, now, code === 'request.malformed') };
  };
  const asked = askedBy(request);
  if ('why' in asked) return refused('request.malformed', asked.why);
  if (request.certificate !== '') {
    // ours, and somebody took away what we had said of it: it is said again, and nothing is signed (kubernetes.md §1.2.7)
    const own = options.own(request.certificate, { csr: request.csr, wish: issuerWish(asked, undefined) }, now);
    if (own !== undefined) return { settled: issuedWord(request, own, now) };
    return refused(
      'request.malformed',
      'status.certificate holds what was not signed here for it; make another request',
    );
  }
  const standing = options.issuer(request.issuerRef);
  if ('waits' in standing) {
    const { waits, againMs } = standing;
    return { waits: waits === undefined ? undefined : pendingWord(request, waits, now), againMs };
  }
  if (request.isCA && !standing.offers.isCA)
    return refused(
      'csr.extension',
      `${issuerNamed(request.issuerRef)} gives no CA certificates: its spec.isCA is false`,
    );
  return undefined;
}

/** Or what is wrong with it. */
function askedBy({ usages, isCA, duration }: CertificateRequest): Asked | { readonly why: string } {
  try {
    const names = usages.length === 0 ? usualUsages : usages;
    return { seconds: durationOf(duration), isCA, usages: readUsages([...names, ...(isCA ? ['cert sign'] : [])]) };
  } catch (thrown) {
    return { why: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

/** Whole seconds; 0 where none is asked for. Throws Error. */
function durationOf(duration: string | undefined): number {
  if (duration === undefined) return 0;
  const seconds = parseGoDuration(duration);
  if (seconds === undefined || seconds < 1 || !Number.isSafeInteger(Math.round(seconds)))
    throw new Error(
      `duration: ${JSON.stringify(duration.slice(0, 64))} is no lifetime; right would be such as 2160h or 1h30m`,
    );
  return Math.round(seconds);
}

/** Read after `verdictOn` had nothing to say; before, of what it refuses, only who asks is looked at. */
function attemptOf(request: CertificateRequest, { cluster, issuer }: CertificateRequestsOptions): IssuanceRequest {
  const { namespace, name, uid, csr, issuerRef, isCA, user } = request;
  const standing = issuer(issuerRef);
  const offers = 'offers' in standing ? standing.offers : undefined;
  const asked = askedBy(request);
  return {
    id: uid,
    door: 'cert-manager',
    evidence: {
      authorization: [],
      clusterId: [],
      certificateRequest: { cluster, namespace, name, issuerRef, ...(user !== undefined && { user }) },
    },
    csr,
    wish: issuerWish('why' in asked ? { ...nothingAsked, isCA } : asked, offers),
  };
}

function saidTo(request: CertificateRequest, refusal: Refusal, now: number, isSpent: boolean): Said {
  const { code, remedy, message } = refusal;
  // nobody has spoken of such requests yet, or an issuer was just taken away: either may come within the budget
  const mayPass = remedy !== 'fix-request' || code === 'policy.no-match' || code === 'issuer.unknown';
  if (!mayPass) return failedWord(request, message, now, /^(csr|key|request)\./.test(code));
  if (isSpent) return failedWord(request, `tried for too long; the last fault was: ${message}`, now, false);
  return { meanwhile: pendingWord(request, message, now) };
}
