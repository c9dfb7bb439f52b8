import type { Caller, CallerFacts } from '#policy/caller.ts';
import { Refusal, type RefusalCode } from '#refusal/refusal.ts';
import type { Clock } from '../ports.ts';
import { ForwardTime } from './forward-time.ts';
import type { FairnessLimits, LimitName } from './limits.ts';
import { LivingCertificates } from './living.ts';
import { Pace } from './pace.ts';
import { type Child, Ration } from './ration.ts';
import { hasRoom, hold, letGo } from './room.ts';
import type { Tenant } from './tenant.ts';
import { type TenantBounds, Tenants } from './tenants.ts';

/** Who may begin a certificate: asked once its caller is proven, before anything that costs. */
export interface Gate {
  /** Throws Refusal `rate.exceeded`, whose detail `limit` is a LimitName; nothing is charged then. */
  enter(caller: Caller): Place;
}

/** A certificate in the making. Exactly one of its methods is called, when the work has really ended. */
export interface Place {
  /** Seconds since the epoch. */
  issued(validity: { readonly notBefore: number; readonly notAfter: number }): void;
  failed(refusal: Refusal): void;
  /** Nothing was made: the caller gets its turn back, for the time when something is. */
  returned(): void;
}

/** After these nothing was asked of us that we could do, and nobody can bring them about: the caller gets its turn back. */
const ourFaults: ReadonlySet<RefusalCode> = new Set([
  'issuer.unavailable',
  'signer.unavailable',
  'log.unavailable',
  'clock.behind',
  'overload',
]);

type Paces = Readonly<Record<Tenant['level'], Pace>>;

export class FairGate implements Gate {
  readonly #limits: FairnessLimits;
  readonly #paces: Paces;
  readonly #roomForNew: number;
  readonly #clock: Clock;
  readonly #time: ForwardTime;
  readonly #tenants: Tenants;
  readonly #living = new LivingCertificates();

  constructor(limits: FairnessLimits, clock: Clock, bounds?: TenantBounds) {
    const kept = limits.keptForRenewals;
    this.#limits = limits;
    this.#paces = {
      cluster: new Pace(limits.cluster, kept),
      namespace: new Pace(limits.namespace, kept),
      'service-account': new Pace(limits.serviceAccount, kept),
      node: new Pace(limits.node, kept),
    };
    this.#roomForNew = limits.inWork * (1 - kept);
    this.#clock = clock;
    this.#time = new ForwardTime(clock);
    this.#tenants = new Tenants(bounds);
  }

  /** Certificates in the making. */
  get held(): number {
    return this.#tenants.all.held;
  }

  /** Callers that are told apart at this moment. */
  get known(): Tenants['known'] {
    return this.#tenants.known;
  }

  enter({ facts }: Caller): Place {
    const now = this.#time.now();
    const { cluster = '', node: nodeName } = facts;
    const tenant = this.#tenants.account(cluster, facts.identity, now);
    const node = nodeName === undefined ? undefined : this.#tenants.node(cluster, nodeName, now);

    let limit = this.#limitFor(tenant, node, facts, now, false);
    // Whether it is a renewal is looked up only where it matters: for one too many.
    if (limit !== undefined && this.#isRenewal(facts)) limit = this.#limitFor(tenant, node, facts, now, true);
    if (limit !== undefined) throw tooMany(limit, this.#limits, facts);

    this.#charge(tenant, node, facts, now);
    return new Seat(this.#paces, this.#living, tenant, node, facts.pod?.uid, impersonatedBy(facts));
  }

  /** The first limit in the way, from the finest to the coarsest; undefined when there is none. */
  #limitFor(
    tenant: Tenant,
    node: Tenant | undefined,
    facts: CallerFacts,
    now: number,
    renewal: boolean,
  ): LimitName | undefined {
    let child = childOf(tenant, facts);
    for (let at = tenant; at.above !== undefined; child = at, at = at.above) {
      if (!this.#allows(at, child, now, renewal)) return at.level;
    }
    if (node !== undefined && !this.#allows(node, namespaceIn(tenant), now, renewal)) return 'node';
    return hasRoom(tenant, this.#tenants.all, renewal ? this.#limits.inWork : this.#roomForNew) ? undefined : 'in-work';
  }

  #allows(tenant: Tenant, child: Child | undefined, now: number, renewal: boolean): boolean {
    const pace = this.#paces[tenant.level];
    if (pace.allows(tenant.fullAt, now, renewal)) {
      if (tenant.ration !== undefined && tenant.fullAt <= now) tenant.ration = undefined;
      return true;
    }
    tenant.ration ??= new Ration(pace.perSecond);
    return child !== undefined && tenant.ration.allows(child, now);
  }

  #charge(tenant: Tenant, node: Tenant | undefined, facts: CallerFacts, now: number): void {
    let child = childOf(tenant, facts);
    for (let at = tenant; at.above !== undefined; child = at, at = at.above) this.#chargeOne(at, child, now);
    if (node !== undefined) this.#chargeOne(node, namespaceIn(tenant), now);
  }

  #chargeOne(tenant: Tenant, child: Child | undefined, now: number): void {
    tenant.fullAt = this.#paces[tenant.level].charged(tenant.fullAt, now);
    if (tenant.ration !== undefined && child !== undefined) tenant.ration.charge(child, now);
  }

  #isRenewal(facts: CallerFacts): boolean {
    const { authenticator, pod } = facts;
    // The handshake, here or at the proxy, has seen a living certificate.
    if (authenticator === 'client-cert' || authenticator === 'xfcc') return true;
    return pod !== undefined && this.#living.isRenewal(pod.uid, impersonatedBy(facts), this.#clock.now() / 1000);
  }
}

/** One of `inWork`. */
class Seat implements Place {
  readonly #paces: Paces;
  readonly #living: LivingCertificates;
  readonly #tenant: Tenant;
  readonly #node: Tenant | undefined;
  readonly #podUid: string | undefined;
  readonly #impersonated: string;

  constructor(
    paces: Paces,
    living: LivingCertificates,
    tenant: Tenant,
    node: Tenant | undefined,
    podUid: string | undefined,
    impersonated: string,
  ) {
    this.#paces = paces;
    this.#living = living;
    this.#tenant = tenant;
    this.#node = node;
    this.#podUid = podUid;
    this.#impersonated = impersonated;
    hold(tenant);
  }

  issued({ notBefore, notAfter }: { readonly notBefore: number; readonly notAfter: number }): void {
    letGo(this.#tenant);
    if (this.#podUid !== undefined) this.#living.issued(this.#podUid, this.#impersonated, notBefore, notAfter);
  }

  failed({ code }: Refusal): void {
    if (ourFaults.has(code)) this.returned();
    else letGo(this.#tenant);
  }

  returned(): void {
    letGo(this.#tenant);
    for (let at = this.#tenant; at.above !== undefined; at = at.above) this.#refund(at);
    if (this.#node !== undefined) this.#refund(this.#node);
  }

  #refund(tenant: Tenant): void {
    tenant.fullAt = this.#paces[tenant.level].refunded(tenant.fullAt);
  }
}

/** The identity that a ztunnel asks for, beside its own pod. */
function impersonatedBy({ impersonation, identity }: CallerFacts): string {
  return impersonation === undefined ? '' : identity;
}

/** Who asks, below the finest tenant that is known. */
function childOf(tenant: Tenant, { pod, identity }: CallerFacts): Child | undefined {
  return tenant.level === 'service-account' ? pod?.uid : identity;
}

/** Pods of one node are told apart by their namespace. */
function namespaceIn(tenant: Tenant): Tenant {
  return tenant.level === 'service-account' && tenant.above !== undefined ? tenant.above : tenant;
}

function tooMany(limit: LimitName, limits: FairnessLimits, facts: CallerFacts): Refusal {
  return new Refusal('rate.exceeded', `${sentence(limit, limits, facts)}, try again`, { limit });
}

function sentence(limit: LimitName, limits: FairnessLimits, facts: CallerFacts): string {
  const asked = (who: string, { perSecond, burst }: { perSecond: number; burst: number }) =>
    `${who} asks for more than ${perSecond} certificates a second after ${burst} at once`;
  switch (limit) {
    case 'cluster':
      return asked(facts.cluster === undefined ? 'the cluster' : `the cluster ${facts.cluster}`, limits.cluster);
    case 'namespace':
      return asked(`the namespace of ${facts.identity}`, limits.namespace);
    case 'service-account':
      return asked(facts.identity, limits.serviceAccount);
    case 'node':
      return asked(facts.node === undefined ? 'the node' : `the node ${facts.node}`, limits.node);
    case 'in-work':
      return 'there is no room for more of this cluster, namespace and service account while others have less';
  }
}
