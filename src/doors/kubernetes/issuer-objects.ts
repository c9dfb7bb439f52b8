import { ApiError, type KubernetesApi } from '#kubernetes/api.ts';
import type { Pace } from '#kubernetes/pace.ts';
import type { QueueObserver } from '#kubernetes/queue-observer.ts';
import { Reflector } from '#kubernetes/reflector.ts';
import { WorkQueue } from '#kubernetes/work-queue.ts';
import type { RequestObserver } from './answered-requests.ts';
import { applyStatus } from './apply-status.ts';
import { issuerKey, issuerNamed } from './certificate-request.ts';
import type { IssuerStanding } from './certificate-requests.ts';
import { transitionTime } from './conditions.ts';
import { type IssuerObject, readIssuerObject } from './issuer-object.ts';
import { issuerGroup, issuerKinds, issuerVersion } from './issuer-resource.ts';
import type { IssuerSpec } from './issuer-spec.ts';

const kinds = issuerKinds.map(({ plural, kind }) => ({
  plural,
  kind,
  apiVersion: `${issuerGroup}/${issuerVersion}`,
}));
/** ms until it is looked again whether the issuers have been seen. */
const unseenMs = 5_000;

/** Why an issuer is not ready: `Failed` until it or the configuration is changed, `Pending` for what passes by itself. */
export interface IssuerFault {
  readonly reason: 'Failed' | 'Pending';
  readonly message: string;
}

export interface IssuerObjectsOptions {
  readonly api: KubernetesApi;
  /** Of the lease; undefined while another replica writes. */
  readonly term: () => AbortSignal | undefined;
  /** Why what is asked for cannot be had of this server; undefined where it can. */
  readonly judge: (spec: IssuerSpec) => IssuerFault | undefined;
  /** An issuer came, went, or stands otherwise than before: who waits for one looks again. */
  readonly onChange: () => void;
  readonly pace: Pace;
  readonly observer: Pick<RequestObserver, 'told' | 'announced'>;
  readonly queueObserver?: QueueObserver;
}

/** The Issuers and ClusterIssuers of our group: what each offers, and whether it stands ready, which its status says to people. */
export class IssuerObjects {
  readonly #options: IssuerObjectsOptions;
  readonly #queue: WorkQueue;
  readonly #views: ReadonlyMap<string, Reflector<IssuerObject>>;
  /** Keys of those whose status could not be written. */
  readonly #unwritten = new Set<string>();

  constructor(options: IssuerObjectsOptions) {
    const { api, pace, observer } = options;
    this.#options = options;
    this.#queue = new WorkQueue({
      work: async (key, signal) => {
        await this.#check(key, signal);
        this.#unwritten.delete(key);
        return undefined;
      },
      onFault: (key, thrown, failures) => {
        if (failures === 1 || failures % 10 === 0) observer.told('warn', `the status of ${key}: ${messageOf(thrown)}`);
        this.#unwritten.add(key);
        if (failures === 1) options.onChange();
      },
      refill: () => this.#keys(),
      pace,
      observer: options.queueObserver,
    });
    this.#views = new Map(
      issuerKinds.map(({ plural }) => [
        plural,
        new Reflector<IssuerObject>({
          ...{ api, pace },
          path: pathOf(plural),
          strip: readIssuerObject,
          onChange: ({ before, after }) => {
            const issuer = after ?? before;
            if (issuer !== undefined) this.#queue.add(issuerKey(plural, issuer.namespace, issuer.name));
            if (standsAs(before) !== standsAs(after)) options.onChange();
          },
          onTrouble: (message) => observer.told('warn', `${plural}: ${message}`),
        }),
      ]),
    );
  }

  start(): void {
    for (const view of this.#views.values()) view.start();
  }

  /** Looks at all of them again: the lease was won, or this server's own issuers changed, or can sign no more or again. */
  refresh(): void {
    for (const key of this.#keys()) this.#queue.add(key);
  }

  async stop(): Promise<void> {
    await this.#queue.stop();
    await Promise.all([...this.#views.values()].map((view) => view.stop()));
  }

  /** By its status, as everybody can see it: a changed issuer counts once it was looked at again. */
  standing(key: string): IssuerStanding {
    const issuer = this.#get(key);
    if (issuer === undefined) return this.#absent(key);
    const { ready, generation, spec } = issuer;
    if (ready === undefined || ready.observedGeneration < generation) {
      // it is looked at in a moment, and that is no news to everybody who waits for it
      const isStuck = this.#unwritten.has(key);
      return {
        waits: isStuck
          ? `the status of ${issuerNamed(key)} cannot be written; the log of the server says why`
          : undefined,
      };
    }
    if (ready.status !== 'True' || 'fault' in spec)
      return { waits: `${issuerNamed(key)} is not ready: ${ready.message}` };
    return { offers: spec };
  }

  /** Those that have been seen. */
  clusterIssuers(): Iterable<IssuerObject> {
    return this.#views.get('clusterissuers')?.all() ?? [];
  }

  /** Before all of them were seen it cannot be told. */
  #absent(key: string): IssuerStanding {
    const [plural = ''] = key.split('/');
    const view = this.#views.get(plural);
    if (view === undefined || view.synced)
      return { waits: `there is no ${issuerNamed(key)}; the request is signed once there is` };
    const why = view.fault === undefined ? undefined : `${plural} cannot be seen; the log of the server says why`;
    return { waits: why, againMs: unseenMs };
  }

  /** A name comes from whoever asks: one with a slash in it is nobody's, least of all that of another namespace. */
  #get(key: string): IssuerObject | undefined {
    const [plural = '', ...rest] = key.split('/');
    const scope = issuerKinds.find((each) => each.plural === plural)?.scope;
    const [name = '', namespace = ''] = rest.toReversed();
    return rest.length === (scope === 'Cluster' ? 1 : 2) ? this.#views.get(plural)?.get(namespace, name) : undefined;
  }

  *#keys(): Iterable<string> {
    for (const [plural, view] of this.#views)
      for (const { namespace, name } of view.all()) yield issuerKey(plural, namespace, name);
  }

  /** The status says what is so, once: what stands there already is not written again. */
  async #check(key: string, stopping: AbortSignal): Promise<void> {
    const { api, term: termOf, judge, pace, observer } = this.#options;
    const issuer = this.#get(key);
    const term = termOf();
    const described = kinds.find(({ plural }) => key.startsWith(`${plural}/`));
    if (issuer === undefined || term === undefined || described === undefined) return;
    const { namespace, name, uid, generation, spec, ready } = issuer;
    const fault = 'fault' in spec ? ({ reason: 'Failed', message: spec.fault } as const) : judge(spec);
    const status = fault === undefined ? 'True' : 'False';
    const { reason, message } = fault ?? { reason: 'Checked', message: 'requests that name it are signed' };
    if (ready?.status === status && ready.message === message && ready.observedGeneration === generation) return;
    const lastTransitionTime = transitionTime(ready, status, pace.now());
    const condition = { type: 'Ready', status, reason, message, observedGeneration: generation, lastTransitionTime };
    const applied = { ...issuer, ...described, path: pathOf(described.plural, issuer) };
    try {
      await applyStatus(api, applied, { conditions: [condition] }, AbortSignal.any([term, stopping]));
    } catch (thrown) {
      // another of that name has its own turn
      if (thrown instanceof ApiError && (thrown.status === 404 || this.#get(key)?.uid !== uid)) return;
      throw thrown;
    }
    if (ready?.status === status && ready.message === message) return;
    const about = { apiVersion: described.apiVersion, kind: described.kind, name, namespace, uid };
    observer.announced?.(about, { type: fault === undefined ? 'Normal' : 'Warning', reason, note: message });
  }
}

/** What requests that wait for it look at. */
const standsAs = (issuer: IssuerObject | undefined) =>
  issuer &&
  JSON.stringify([issuer.uid, issuer.generation, issuer.ready?.status, issuer.ready?.observedGeneration, issuer.spec]);

/** Of the collection, or of one. */
function pathOf(plural: string, one?: Pick<IssuerObject, 'namespace' | 'name'>): string {
  const group = `/apis/${issuerGroup}/${issuerVersion}`;
  if (one === undefined) return `${group}/${plural}`;
  const folder = one.namespace === '' ? '' : `/namespaces/${encodeURIComponent(one.namespace)}`;
  return `${group}${folder}/${plural}/${encodeURIComponent(one.name)}`;
}

const messageOf = (thrown: unknown) => (thrown instanceof Error ? thrown.message : String(thrown));
