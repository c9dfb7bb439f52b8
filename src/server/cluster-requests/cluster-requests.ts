import type { LiveIssuers } from '#authority/issuers.ts';
import type { ClusterRequestsConfig } from '#config/sections/cluster-requests.ts';
import type { Authenticator, Evidence, Impersonation } from '#issuance/ports.ts';
import type { Approval, Issuance } from '#issuance/request.ts';
import { EventPoster } from '#kubernetes/event-poster.ts';
import { LeaseElector } from '#kubernetes/lease-elector.ts';
import { systemPace } from '#kubernetes/pace.ts';
import type { Caller } from '#policy/caller.ts';
import type { DurableLog } from '#store/log.ts';
import type { FollowedCluster, NamedClusters } from '../followed-cluster.ts';
import type { Foundation } from '../foundation.ts';
import { takeLeave } from '../take-leave.ts';
import { handedLately } from './handed-lately.ts';
import { type AnsweredKind, openCertificateRequests, openPods, openSigning } from './kinds.ts';
import { LearntTerm } from './learnt-term.ts';
import { Observers } from './observers.ts';
import { keepNamed, trustBundleKeeper } from './trust-bundles.ts';

type Callers = Pick<Authenticator, 'authenticate'>;

/** What answering needs of the rest of the server. */
interface Around {
  readonly issuance: Issuance & Approval;
  readonly log: Pick<DurableLog, 'catchUp' | 'entries' | 'size'>;
  readonly issuers: LiveIssuers;
  /** Why an issuer cannot sign at present, by its name; answers from memory. */
  readonly cannotSign: (name: string) => string | undefined;
}

/** The objects by which a cluster asks for certificates: one connection and one lease for all kinds that are configured. */
export class ClusterRequests {
  readonly #foundation: Foundation;
  readonly #opened: { readonly followed: FollowedCluster; readonly wanted: ClusterRequestsConfig } | undefined;
  readonly #kinds: readonly AnsweredKind[];

  /** Begins to follow what the objects are about. */
  constructor(foundation: Foundation, named: NamedClusters) {
    const wanted = foundation.config.clusterRequests;
    this.#foundation = foundation;
    this.#opened = wanted && { followed: named.at(wanted.kubeconfig), wanted };
    this.#kinds = this.#opened === undefined ? [] : kindsOf(foundation, this.#opened.followed, this.#opened.wanted);
  }

  /** Who is named by an object is proven by the way that the object came, all others by `callers`. */
  besides(callers: Callers): Callers {
    if (this.#opened === undefined) return callers;
    return {
      authenticate: (evidence, signal) =>
        isOfObject(evidence) ? this.#prove(evidence, signal) : callers.authenticate(evidence, signal),
    };
  }

  async #prove(evidence: Evidence, signal: AbortSignal): Promise<Caller | undefined> {
    for (const { callers } of this.#kinds) {
      const caller = await callers.authenticate(evidence, signal);
      if (caller !== undefined) return caller;
    }
    return undefined;
  }

  /** A requester's word is taken as configured here; everybody else acts for others only by `others`. */
  actingBesides(others: Impersonation | undefined): Impersonation | undefined {
    const own = this.#kinds.find(({ acting }) => acting !== undefined)?.acting;
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
    if (this.#opened === undefined) return async () => undefined;
    const { followed, wanted } = this.#opened;
    const { api } = followed;
    const { instance, clock, logger, metrics } = this.#foundation;
    const lease = { component: 'requests of the cluster' };
    // it is asked for every two seconds
    let trouble = '';
    const elector = new LeaseElector({
      ...{ api, pace: systemPace, identity: `${instance.name}_${instance.bootId}`, ...wanted.lease },
      onLeading: (begun) => {
        trouble = '';
        void learnt.begin(begun);
      },
      onTrouble: (reason) => {
        if (reason !== trouble) logger.warn('requests of the cluster', { ...lease, reason });
        trouble = reason;
      },
    });
    const learnt = new LearntTerm({
      term: () => elector.term,
      learn: async () => {
        // in a log of its own nobody else writes, and what this server signed it remembers
        if (this.#foundation.config.audit.store === undefined) return;
        await from.log.catchUp();
        const issued = await handedLately(from, clock.now());
        for (const each of answered) each.learn(issued);
      },
      onLearnt: () => {
        for (const each of [...answered, ...bundles]) each.refresh();
      },
      onTrouble: (reason) => logger.warn('requests of the cluster', { component: 'log', reason }),
      pace: systemPace,
    });
    const poster = new EventPoster({
      ...{ api, pace: systemPace, controller: 'countersign.dev/issuer', instance: instance.name },
      onTrouble: (reason) => logger.warn('requests of the cluster', { component: 'events', reason }),
    });
    const observers = new Observers(this.#foundation, poster);
    const issuedBefore = await handedLately(from, clock.now());
    const term = () => learnt.current;
    const around = { foundation: this.#foundation, api, wanted, issuers: from.issuers };
    const keepBundles = trustBundleKeeper({ ...around, term });
    const answered = this.#kinds.map((kind) => {
      const observer = observers.of(kind.plural);
      const { issuers, cannotSign } = from;
      return kind.answer({ issuance, issuedBefore, observer, issuers, cannotSign, keepBundles, term });
    });
    const bundles = keepNamed(keepBundles, wanted);
    for (const [index, { plural }] of this.#kinds.entries())
      metrics.gauges.watchQueue(plural, () => answered[index]?.waiting ?? 0);
    metrics.gauges.watchLease(wanted.lease.name, () => elector.leading);
    elector.start();
    return () =>
      takeLeave(api, async () => {
        await Promise.all([...answered, ...bundles].map((each) => each.stop()));
        await poster.stop();
        await elector.stop();
      });
  }
}

const isOfObject = ({ pod, requester, certificateRequest }: Evidence) =>
  pod !== undefined || requester !== undefined || certificateRequest !== undefined;

function kindsOf(foundation: Foundation, followed: FollowedCluster, wanted: ClusterRequestsConfig): AnsweredKind[] {
  const { cluster, podCertificates: pods, signingRequests: signing, certificateRequests: certificates } = wanted;
  const around = { foundation, followed, cluster };
  return [
    ...(pods === undefined ? [] : [openPods(around, pods)]),
    ...(signing === undefined ? [] : [openSigning(around, signing)]),
    ...(certificates === undefined ? [] : [openCertificateRequests(around, certificates)]),
  ];
}
