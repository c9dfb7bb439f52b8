import { Counter } from 'prom-client';
import { BoundObjects } from '#authn/kubernetes/bound-objects.ts';
import { readBound, readMountingPod } from '#authn/kubernetes/object-facts.ts';
import type { TokenObserver } from '#authn/kubernetes/observer.ts';
import { PodClaimAuthenticator, refuseClaim } from '#authn/kubernetes/pod-claims.ts';
import type { LiveIssuers } from '#authority/issuers.ts';
import { AnsweredRequests, type RequestObserver } from '#doors/kubernetes/answered-requests.ts';
import { podCertificates } from '#doors/kubernetes/pod-certificates.ts';
import type { Handed } from '#doors/kubernetes/request-kind.ts';
import type { Authenticator } from '#issuance/ports.ts';
import type { Issuance } from '#issuance/request.ts';
import type { KubernetesObject } from '#kubernetes/api.ts';
import { connect } from '#kubernetes/connect.ts';
import { LeaseElector } from '#kubernetes/lease-elector.ts';
import { systemPace } from '#kubernetes/pace.ts';
import { Reflector } from '#kubernetes/reflector.ts';
import type { DurableLog } from '#store/log.ts';
import { apiServer } from './api-server.ts';
import type { Foundation } from './foundation.ts';
import { type IssuedLately, issuedLately } from './issued-lately.ts';

/** ms for one look at an object. */
const lookMs = 5_000;
/** ms without a word from a watch after which no pod is taken to be there. */
const staleAfterMs = 60_000;
/** ms after its signing in which the API server takes a certificate. */
const takenMs = 300_000;
/** ms that handing back the lease may take: a pod's drain comes after it. */
const farewellMs = 3_000;

type Callers = Pick<Authenticator, 'authenticate'>;

export interface OpenPodCertificates {
  /** Who is named by an object is looked for among the objects, all others by `callers`. */
  besides(callers: Callers): Callers;
  /** Begins to answer, with what the log says was signed and perhaps not handed over. */
  answer(
    issuance: Issuance,
    log: Pick<DurableLog, 'entries' | 'size'>,
    issuers: LiveIssuers,
  ): Promise<{ refresh(): void; stop(): Promise<void> }>;
  close(): Promise<void>;
}

/** Begins to follow what PodCertificateRequests are about; undefined where they are not configured. */
export function openPodCertificates(foundation: Foundation): OpenPodCertificates | undefined {
  const { config, clock, instance, logger, metrics } = foundation;
  const { podCertificates: wanted } = config;
  if (wanted === undefined) return undefined;
  const api = connect(apiServer(wanted.kubeconfig));
  const reflector = <T>(kind: string, strip: (object: KubernetesObject) => T) => {
    const onTrouble = (reason: string) => logger.warn('pod certificates', { component: kind, reason });
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
  const claims = new PodClaimAuthenticator({ objects, trustDomain: config.trustDomain, staleAfterMs });
  return {
    besides: (callers) => ({
      authenticate: (evidence, signal) =>
        evidence.pod === undefined ? callers.authenticate(evidence, signal) : claims.authenticate(evidence),
    }),
    async answer(issuance, log, issuers) {
      const lately = await issuedLately(log, 'pod-certificate', clock.now() - takenMs);
      const issuedBefore = new Map([...lately].flatMap(([uid, issued]) => withChain(uid, issued, issuers)));
      const elector = new LeaseElector({
        ...{ api, pace: systemPace, identity: `${instance.name}_${instance.bootId}` },
        ...wanted.lease,
        onLeading: () => door.refresh(),
        onTrouble: (reason) => logger.warn('pod certificates', { component: 'lease', reason }),
      });
      const door = new AnsweredRequests({
        ...{ api, issuance, issuedBefore, pace: systemPace },
        kind: podCertificates(wanted),
        term: () => elector.term,
        observer: observe(foundation),
      });
      metrics.gauges.watchQueue('pod_certificates', () => door.waiting);
      door.start();
      elector.start();
      return {
        refresh: () => door.refresh(),
        async stop() {
          // Of an API server that hangs nobody takes leave: the lease runs out by itself.
          const enough = setTimeout(() => void api.close(), farewellMs);
          await door.stop();
          await elector.stop();
          clearTimeout(enough);
        },
      };
    },
    async close() {
      await Promise.all(Object.values(views).map((view) => view.stop()));
      await api.close();
    },
  };
}

/** None where the issuer has changed since. */
function withChain(uid: string, { leaf, issuerSha256 }: IssuedLately, issuers: LiveIssuers): [string, Handed][] {
  const issuer = issuers.all().find((each) => each.way === 'sign' && each.certificateSha256 === issuerSha256);
  return issuer?.way === 'sign' ? [[uid, { leaf, intermediates: issuer.intermediates, roots: issuer.roots }]] : [];
}

/** The metrics of callers by token are about tokens. */
const unheard: TokenObserver = { reviewed() {}, gotLive() {}, readKeys() {}, servedStale() {} };

function observe({ metrics, logger }: Foundation): RequestObserver {
  const ends = new Counter({
    name: 'countersign_pod_certificates_total',
    help: 'PodCertificateRequests by outcome: issued, refused, left to the collector, failed and tried again.',
    labelNames: ['outcome'],
    registers: [metrics.registry],
  });
  for (const outcome of ['issued', 'refused', 'left', 'failed']) ends.inc({ outcome }, 0);
  return {
    ended: (outcome) => ends.inc({ outcome }),
    told: (level, reason) => logger.log(level, 'pod certificates', { reason }),
  };
}
