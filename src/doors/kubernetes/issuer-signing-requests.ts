import { parseGoDuration } from '#document/go-duration.ts';
import type { IssuanceRequest } from '#issuance/request.ts';
import type { KubernetesObject } from '#kubernetes/api.ts';
import { Refusal, type RefusalCode } from '#refusal/refusal.ts';
import { issuerKey, issuerNamed } from './certificate-request.ts';
import type { IssuerStanding } from './certificate-requests.ts';
import { chainOf, hasEnded } from './handed-chain.ts';
import { issuerGroup } from './issuer-resource.ts';
import { type Asked, issuerWish, nothingAsked } from './issuer-wish.ts';
import { readUsages } from './key-usages.ts';
import type { RequestKind, Said, Verdict } from './request-kind.ts';
import { readSigningRequest, type SigningRequest } from './signing-request.ts';
import { approving, reasonOf, refusedFor, tooOld } from './signing-request-status.ts';

/** The issuer whose name is the signer's. */
export interface IssuerSigningRequest extends SigningRequest {
  /** `issuers/NAMESPACE/NAME` or `clusterissuers/NAME`. */
  readonly issuerRef: string;
  /** Of an Issuer; empty for a ClusterIssuer. */
  readonly issuerNamespace: string;
}

export interface IssuerSigningRequestsOptions {
  /** Name of the cluster, in policies and records. */
  readonly cluster: string;
  readonly issuer: (key: string) => IssuerStanding;
  /** Whether policy approves what nobody else has decided about. */
  readonly approves: boolean;
}

/** cert-manager's own, by which it asks for what the API has no field for (kubernetes.md §2.4). */
const askedDuration = 'experimental.cert-manager.io/request-duration';
const askedCa = 'experimental.cert-manager.io/request-is-ca';
const leastSeconds = 600;

/**
 * CertificateSigningRequests whose signer is one of our issuers by its name: `clusterissuers.countersign.dev/NAME`, or
 * `issuers.countersign.dev/NAMESPACE.NAME` for who may reference it.
 */
export function issuerSigningRequests(options: IssuerSigningRequestsOptions): RequestKind<IssuerSigningRequest> {
  return {
    group: 'certificates.k8s.io',
    versions: ['v1'],
    kind: 'CertificateSigningRequest',
    plural: 'certificatesigningrequests',
    // signers can be selected by their whole name alone, and issuers come and go
    fieldSelector: '',
    writing: 'merge',
    looksAgain: false,
    read: (object) => readIssuerSigningRequest(object, options),
    isOwnChange: () => false,
    verdict: (request, now) => verdictOn(request, options, now),
    attempt: (request) => attemptOf(request, options),
    issued: (_, handed) => ({ status: { certificate: Buffer.from(chainOf(handed), 'latin1').toString('base64') } }),
    refused,
    approving,
    isStale: hasEnded,
  };
}

const signerForm = new RegExp(`^(?:(clusterissuers)\\.${issuerGroup}/(.+)|(issuers)\\.${issuerGroup}/([^.]+)\\.(.+))$`);

function readIssuerSigningRequest(
  object: KubernetesObject,
  options: IssuerSigningRequestsOptions,
): IssuerSigningRequest | undefined {
  const request = readSigningRequest(object, options);
  if (request === undefined) return undefined;
  const [whole, cluster, clusterName = '', , namespace = '', name = ''] = signerForm.exec(request.signerName) ?? [];
  if (whole === undefined) return undefined;
  if (cluster !== undefined)
    return { ...request, issuerRef: issuerKey('clusterissuers', '', clusterName), issuerNamespace: '' };
  return { ...request, issuerRef: issuerKey('issuers', namespace, name), issuerNamespace: namespace };
}

/** Or what is wrong, with the reason for the condition. */
function askedBy({ annotations, expirationSeconds, usages }: SigningRequest): Asked | { reason: string; why: string } {
  const text = annotations[askedDuration];
  const seconds = text === undefined ? expirationSeconds : parseGoDuration(text);
  if (seconds === undefined)
    return {
      reason: 'ErrorParseDuration',
      why: `${askedDuration}: ${JSON.stringify(text?.slice(0, 64))} is no length of time, such as 24h`,
    };
  if (text !== undefined && seconds < leastSeconds)
    return {
      reason: 'InvalidDuration',
      why: `${askedDuration}: ${text} is shorter than 10m, the shortest that the API knows`,
    };
  try {
    return { seconds: Math.round(seconds), isCA: annotations[askedCa] === 'true', usages: readUsages(usages) };
  } catch (thrown) {
    return { reason: 'UnsupportedUsages', why: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

function verdictOn(
  request: IssuerSigningRequest,
  options: IssuerSigningRequestsOptions,
  now: number,
): Verdict | undefined {
  const refused = (code: RefusalCode, reason: string, why: string): Verdict => ({
    refusal: new Refusal(code, why),
    word: refusedFor(request, reason, why, now),
  });
  const late = tooOld(request, now);
  if (late !== undefined) return late;
  const asked = askedBy(request);
  if ('why' in asked) return refused('request.malformed', asked.reason, asked.why);
  const standing = options.issuer(request.issuerRef);
  // the API has no waiting state: it waits without a word
  if ('waits' in standing) return { waits: undefined };
  if (asked.isCA && !standing.offers.isCA)
    return refused(
      'csr.extension',
      'PolicyDenied',
      `${issuerNamed(request.issuerRef)} gives no CA certificates: its spec.isCA is false`,
    );
  return undefined;
}

function attemptOf(request: IssuerSigningRequest, { cluster, issuer }: IssuerSigningRequestsOptions): IssuanceRequest {
  const { uid, name, csr, issuerRef, issuerNamespace: namespace, requester } = request;
  const standing = issuer(issuerRef);
  const offers = 'offers' in standing ? standing.offers : undefined;
  const asked = askedBy(request);
  const { username, groups, extra } = requester;
  return {
    id: uid,
    door: 'kubernetes-csr',
    evidence: {
      authorization: [],
      clusterId: [],
      certificateRequest: {
        ...{ cluster, namespace, name, issuerRef },
        user: { name: username, uid: requester.uid, groups },
        ...(namespace !== '' && { mustReference: { name: issuerRef.slice(`issuers/${namespace}/`.length), extra } }),
      },
    },
    csr,
    wish: issuerWish('why' in asked ? nothingAsked : asked, offers),
  };
}

function refused(request: IssuerSigningRequest, { code, remedy, message }: Refusal, now: number): Said {
  // nobody has spoken of such requests yet: a policy for them may come
  if (remedy !== 'fix-request' || code === 'policy.no-match') return 'later';
  const reason = code === 'authn.failed' ? 'DeniedReference' : reasonOf(code);
  return refusedFor(request, reason, message, now);
}
