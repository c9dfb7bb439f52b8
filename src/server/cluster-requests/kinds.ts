import { CertificateRequesters } from '#authn/kubernetes/certificate-requesters.ts';
import { Requesters } from '#authn/kubernetes/requesters.ts';
import { TrustedAccounts } from '#authn/node/trusted-accounts.ts';
import type { LiveIssuers } from '#authority/issuers.ts';
import { ownCertificate } from '#authority/own-certificate.ts';
import type {
  ExternalIssuerConfig,
  PodCertificatesConfig,
  SigningRequestsConfig,
} from '#config/sections/cluster-requests.ts';
import { AnsweredRequests, type RequestObserver } from '#doors/kubernetes/answered-requests.ts';
import { type CertificateRequestsOptions, certificateRequests } from '#doors/kubernetes/certificate-requests.ts';
import { IssuerObjects } from '#doors/kubernetes/issuer-objects.ts';
import { issuerGroup } from '#doors/kubernetes/issuer-resource.ts';
import { issuerSigningRequests } from '#doors/kubernetes/issuer-signing-requests.ts';
import { podCertificates } from '#doors/kubernetes/pod-certificates.ts';
import type { Handed, RequestKind, WaitingRequest } from '#doors/kubernetes/request-kind.ts';
import { signingRequests } from '#doors/kubernetes/signing-requests.ts';
import type { Authenticator, Impersonation } from '#issuance/ports.ts';
import type { Approval, Issuance } from '#issuance/request.ts';
import { systemPace } from '#kubernetes/pace.ts';
import type { FollowedCluster } from '../followed-cluster.ts';
import type { Foundation } from '../foundation.ts';
import { keepIssuerBundles } from './issuer-bundles.ts';
import { faultOf } from './issuer-faults.ts';
import { claimsOfPods } from './mounting-pods.ts';
import { Outages } from './outages.ts';
import type { KeepTrustBundles } from './trust-bundles.ts';

/** Beside the queue of those that a registration authority makes, which are of the same kind. */
const signerNamesQueue = 'issuer-certificatesigningrequests';

/** One kind of objects: who is proven by them, and how they are answered. */
export interface AnsweredKind {
  readonly plural: string;
  readonly callers: Pick<Authenticator, 'authenticate'>;
  readonly acting?: Impersonation;
  answer(answering: Answering): AnsweredObjects;
}

interface Answering {
  readonly issuance: Issuance & Approval;
  readonly issuedBefore: ReadonlyMap<string, Handed>;
  readonly observer: RequestObserver;
  readonly issuers: LiveIssuers;
  /** Why an issuer of the server cannot sign at present; answers from memory. */
  readonly cannotSign: (name: string) => string | undefined;
  /** Undefined where no ClusterTrustBundles are to be written. */
  readonly keepBundles: KeepTrustBundles | undefined;
  readonly term: () => AbortSignal | undefined;
}

export interface Answered {
  readonly waiting: number;
  refresh(): void;
  stop(): Promise<void>;
}

/** Requests that are answered; what others put on the record of them can be learnt. */
export interface AnsweredObjects extends Answered {
  learn(issued: ReadonlyMap<string, Handed>): void;
}

interface Around {
  readonly foundation: Foundation;
  readonly followed: FollowedCluster;
  readonly cluster: string;
}

export function openPods(around: Around, wanted: PodCertificatesConfig): AnsweredKind {
  const { foundation, followed, cluster } = around;
  const kind = podCertificates({ ...wanted, cluster });
  return {
    plural: kind.plural,
    callers: claimsOfPods(foundation, followed),
    answer: (answering) => started(around, kind, answering),
  };
}

export function openSigning(around: Around, wanted: SigningRequestsConfig): AnsweredKind {
  const { foundation, cluster } = around;
  const { trustDomain, trustDomainAliases } = foundation.config;
  const kind = signingRequests({ ...wanted, cluster });
  const requesters = new Requesters({
    trusted: new TrustedAccounts(wanted.requesters),
    trustDomain,
    trustDomains: [trustDomain, ...trustDomainAliases],
  });
  return {
    plural: kind.plural,
    callers: requesters,
    acting: requesters,
    answer: (answering) => started(around, kind, answering),
  };
}

export function openCertificateRequests(
  around: Around,
  { retryForMs, signerNames, approvesSignerNames: approves }: ExternalIssuerConfig,
): AnsweredKind {
  const { foundation, followed, cluster } = around;
  const plural = 'certificaterequests';
  return {
    plural,
    callers: new CertificateRequesters({
      api: followed.api,
      trustDomain: foundation.config.trustDomain,
      group: issuerGroup,
    }),
    answer(answering) {
      const { term, observer, issuers: live, cannotSign, keepBundles } = answering;
      const outages = new Outages({
        names: () => live.all().map(({ name }) => name),
        why: cannotSign,
        onChange: () => objects.refresh(),
        pace: systemPace,
      });
      const objects = new IssuerObjects({
        ...{ api: followed.api, term, observer, pace: systemPace },
        queueObserver: foundation.metrics.queues.of('issuers'),
        judge: (spec) => faultOf(spec, live, (name) => outages.of(name)),
        onChange: () => refresh(),
      });
      const issuer = (key: string) => objects.standing(key);
      const own: CertificateRequestsOptions['own'] = (chain, asked, now) =>
        ownCertificate(chain, asked, live.all(), now);
      const kind = certificateRequests({ cluster, retryForMs, issuer, own });
      const requests: AnsweredObjects[] = [started(around, kind, answering)];
      if (signerNames)
        requests.push(
          started(around, issuerSigningRequests({ cluster, issuer, approves }), answering, signerNamesQueue),
        );
      const told = (message: string) => observer.told('warn', message);
      // who is a signer by its name can be trusted by it
      const bundles = signerNames && keepBundles !== undefined ? [keepIssuerBundles(keepBundles, objects, told)] : [];
      const refresh = () => {
        for (const each of [...requests, ...bundles]) each.refresh();
      };
      objects.start();
      live.onChange(() => objects.refresh());
      return {
        get waiting() {
          return requests.reduce((sum, { waiting }) => sum + waiting, 0);
        },
        refresh() {
          objects.refresh();
          refresh();
        },
        learn(issued) {
          for (const each of requests) each.learn(issued);
        },
        async stop() {
          outages.stop();
          await Promise.all([...requests, ...bundles, objects].map((each) => each.stop()));
        },
      };
    },
  };
}

/** `queue`: its name in metrics. */
function started<Request extends WaitingRequest>(
  { foundation, followed: { api } }: Around,
  kind: RequestKind<Request>,
  answering: Answering,
  queue = kind.plural,
): AnsweredRequests<Request> {
  const queueObserver = foundation.metrics.queues.of(queue);
  const requests = new AnsweredRequests({ ...answering, kind, api, pace: systemPace, queueObserver });
  requests.start();
  return requests;
}
