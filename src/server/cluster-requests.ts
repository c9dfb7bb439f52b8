import { Counter } from 'prom-client';
import { Requesters } from '#authn/kubernetes/requesters.ts';
import { TrustedAccounts } from '#authn/node/trusted-accounts.ts';
import type { LiveIssuers } from '#authority/issuers.ts';
import type { PodCertificatesConfig, SigningRequestsConfig } from '#config/server-config.ts';
import { AnsweredRequests, type RequestObserver } from '#doors/kubernetes/answered-requests.ts';
import { podCertificates } from '#doors/kubernetes/pod-certificates.ts';
import type { Handed, RequestKind, WaitingRequest } from '#doors/kubernetes/request-kind.ts';
import { signingRequests } from '#doors/kubernetes/signing-requests.ts';
import type { Authenticator, Evidence, Impersonation } from '#issuance/ports.ts';
import type { Issuance } from '#issuance/request.ts';
import type { KubernetesApi } from '#kubernetes/api.ts';
import { connect } from '#kubernetes/connect.ts';
import { LeaseElector } from '#kubernetes/lease-elector.ts';
import { systemPace } from '#kubernetes/pace.ts';
import type { Caller } from '#policy/caller.ts';
import type { DoorName } from '#policy/permit.ts';
import type { DurableLog } from '#store/log.ts';
import { apiServer } from './api-server.ts';
import type { Foundation } from './foundation.ts';
import { type IssuedLately, issuedLately } from './issued-lately.ts';
import { followMountingPods } from './mounting-pods.ts';
import { takeLeave } from './take-leave.ts';

type Callers = Pick<Authenticator, 'authenticate'>;

/** What answering needs of the rest of the server. */
interface Around {
  readonly issuance: Issuance;
  readonly log: Pick<DurableLog, 'entries' | 'size'>;
  readonly issuers: LiveIssuers;
}

/** What each way of answering needs of it. */
interface Answers {
  readonly issuance: Issuance;
  readonly issuedBefore: ReadonlyMap<string, Handed>;
  readonly observer: RequestObserver;
}

/** The ways by which a cluster asks for certificates with objects, as far as they are configured. */
export class ClusterRequests {
  readonly #foundation: Foundation;
  readonly #opened: readonly Opened[];

  /** Begins to follow what the objects are about. */
  constructor(foundation: Foundation) {
    const { podCertificates: pods, signingRequests: signing } = foundation.config;
    this.#foundation = foundation;
    this.#opened = [
      ...(pods === undefined ? [] : [openPods(foundation, pods)]),
      ...(signing === undefined ? [] : [openSigning(foundation, signing)]),
    ];
  }

  /** Who is named by an object is proven by the way that the object came, all others by `callers`. */
  besides(callers: Callers): Callers {
    if (this.#opened.length === 0) return callers;
    return {
      authenticate: (evidence, signal) =>
        evidence.pod === undefined && evidence.requester === undefined
          ? callers.authenticate(evidence, signal)
          : this.#prove(evidence, signal),
    };
  }

  async #prove(evidence: Evidence, signal: AbortSignal): Promise<Caller | undefined> {
    for (const { callers } of this.#opened) {
      const caller = await callers.authenticate(evidence, signal);
      if (caller !== undefined) return caller;
    }
    return undefined;
  }

  /** A requester's word is taken as configured here; everybody else acts for others only by `others`. */
  actingBesides(others: Impersonation | undefined): Impersonation | undefined {
    const own = this.#opened.find(({ acting }) => acting !== undefined)?.acting;
    if (own === undefined) return others;
    return {
      authorize: (caller, wanted) =>
        caller.facts.authenticator === 'kubernetes-object' || others === undefined
          ? own.authorize(caller, wanted)
          : others.authorize(caller, wanted),
    };
  }

  /** Begins to answer, with what the log says was signed and perhaps not handed over. Resolves with how to end it. */
  async answer({ issuance, ...from }: Around): Promise<() => Promise<void>> {
    if (this.#opened.length === 0) return async () => undefined;
    const ends = countEnds(this.#foundation);
    const issuedBefore = await handedLately(from, this.#foundation.clock.now());
    const stops = this.#opened.map((each) =>
      each.answer({ issuance, issuedBefore, observer: observe(this.#foundation, each.plural, ends) }),
    );
    return async () => void (await Promise.all(stops.map((stop) => stop())));
  }

  async close(): Promise<void> {
    await Promise.all(this.#opened.map((each) => each.close()));
  }
}

/** One kind of objects, and who is proven by them. */
interface Opened {
  readonly plural: string;
  readonly callers: Callers;
  readonly acting?: Impersonation;
  answer(answers: Answers): () => Promise<void>;
  close(): Promise<void>;
}

function openPods(foundation: Foundation, wanted: PodCertificatesConfig): Opened {
  const api = connect(apiServer(wanted.kubeconfig));
  const kind = podCertificates(wanted);
  const followed = followMountingPods(foundation, api);
  return {
    plural: kind.plural,
    callers: followed.callers,
    answer: (answers) => answering({ foundation, api, wanted, kind, ...answers }),
    async close() {
      await followed.stop();
      await api.close();
    },
  };
}

function openSigning(foundation: Foundation, wanted: SigningRequestsConfig): Opened {
  const { trustDomain, trustDomainAliases } = foundation.config;
  const api = connect(apiServer(wanted.kubeconfig));
  const kind = signingRequests(wanted);
  const requesters = new Requesters({
    trusted: new TrustedAccounts(wanted.requesters),
    trustDomain,
    trustDomains: [trustDomain, ...trustDomainAliases],
  });
  return {
    plural: kind.plural,
    callers: requesters,
    acting: requesters,
    answer: (answers) => answering({ foundation, api, wanted, kind, ...answers }),
    close: () => api.close(),
  };
}

interface Answering<Request extends WaitingRequest> extends Answers {
  readonly foundation: Foundation;
  readonly api: KubernetesApi;
  readonly wanted: PodCertificatesConfig;
  readonly kind: RequestKind<Request>;
}

function answering<Request extends WaitingRequest>(parts: Answering<Request>): () => Promise<void> {
  const { foundation, api, wanted, kind, issuance, issuedBefore, observer } = parts;
  const { instance, metrics } = foundation;
  const elector = new LeaseElector({
    ...{ api, pace: systemPace, identity: `${instance.name}_${instance.bootId}` },
    ...wanted.lease,
    onLeading: () => requests.refresh(),
    onTrouble: (reason) => observer.told('warn', `the lease: ${reason}`),
  });
  const requests = new AnsweredRequests({
    ...{ kind, api, observer, issuance, issuedBefore, pace: systemPace },
    term: () => elector.term,
  });
  metrics.gauges.watchQueue(kind.plural, () => requests.waiting);
  requests.start();
  elector.start();
  return () =>
    takeLeave(api, async () => {
      await requests.stop();
      await elector.stop();
    });
}

/** ms before the start in which somebody may have died between the record and the API server. */
const latelyMs = 300_000;
const doors: ReadonlySet<string> = new Set<DoorName>(['pod-certificate', 'kubernetes-csr']);

/** By UID, which no object of another kind has. */
async function handedLately({ log, issuers }: Omit<Around, 'issuance'>, now: number): Promise<Map<string, Handed>> {
  const lately = await issuedLately(log, doors, now - latelyMs);
  return new Map([...lately].flatMap(([uid, issued]) => withChain(uid, issued, issuers)));
}

/** None where the issuer has changed since. */
function withChain(uid: string, { leaf, issuerSha256 }: IssuedLately, issuers: LiveIssuers): [string, Handed][] {
  const issuer = issuers.all().find((each) => each.way === 'sign' && each.certificateSha256 === issuerSha256);
  return issuer?.way === 'sign' ? [[uid, { leaf, intermediates: issuer.intermediates, roots: issuer.roots }]] : [];
}

type Ends = Counter<'kind' | 'outcome'>;

function countEnds({ metrics }: Foundation): Ends {
  return new Counter({
    name: 'countersign_cluster_requests_total',
    help: 'Objects that ask for a certificate, by kind and outcome: issued, refused, left alone, failed and tried again.',
    labelNames: ['kind', 'outcome'],
    registers: [metrics.registry],
  });
}

function observe({ logger }: Foundation, kind: string, ends: Ends): RequestObserver {
  for (const outcome of ['issued', 'refused', 'left', 'failed']) ends.inc({ kind, outcome }, 0);
  return {
    ended: (outcome) => ends.inc({ kind, outcome }),
    told: (level, reason) => logger.log(level, 'requests of the cluster', { component: kind, reason }),
  };
}
