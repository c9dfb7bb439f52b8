import { ApiError, type KubernetesApi, type KubernetesObject } from '#kubernetes/api.ts';
import type { Pace } from '#kubernetes/pace.ts';
import type { QueueObserver } from '#kubernetes/queue-observer.ts';
import { Reflector } from '#kubernetes/reflector.ts';
import { WorkQueue } from '#kubernetes/work-queue.ts';
import type { RequestObserver } from './answered-requests.ts';
import { issuerKey } from './certificate-request.ts';
import type { IssuerStanding } from './certificate-requests.ts';
import { type IssuerObject, readIssuerObject } from './issuer-object.ts';
import { issuerGroup, issuerKinds, issuerVersion } from './issuer-resource.ts';
import type { IssuerSpec } from './issuer-spec.ts';

const callMs = 10_000;

export interface IssuerObjectsOptions {
  readonly api: KubernetesApi;
  /** Of the lease; undefined while another replica writes. */
  readonly term: () => AbortSignal | undefined;
  /** Why what is asked for cannot be had of this server as it is configured; undefined where it can. */
  readonly judge: (spec: IssuerSpec) => string | undefined;
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

  constructor(options: IssuerObjectsOptions) {
    const { api, pace, observer } = options;
    this.#options = options;
    this.#queue = new WorkQueue({
      work: (key, signal) => this.#check(key, signal),
      onFault: (key, thrown, failures) => {
        if (failures === 1 || failures % 10 === 0) observer.told('warn', `the status of ${key}: ${messageOf(thrown)}`);
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
          path: `/apis/${issuerGroup}/${issuerVersion}/${plural}`,
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

  /** Looks at all of them again: the lease was won, or this server's own issuers changed. */
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
    if (issuer === undefined) return { waits: `there is no ${key}; the request is signed once there is` };
    const { ready, generation, spec } = issuer;
    if (ready === undefined || ready.observedGeneration < generation)
      return { waits: `${key} has not been looked at yet` };
    if (ready.status !== 'True' || 'fault' in spec) return { waits: `${key} is not ready: ${ready.message}` };
    return { offers: spec };
  }

  #get(key: string): IssuerObject | undefined {
    const [plural = '', ...rest] = key.split('/');
    const [name = '', namespace = ''] = rest.toReversed();
    return this.#views.get(plural)?.get(namespace, name);
  }

  *#keys(): Iterable<string> {
    for (const [plural, view] of this.#views)
      for (const { namespace, name } of view.all()) yield issuerKey(plural, namespace, name);
  }

  /** The status says what is so, once: what stands there already is not written again. */
  async #check(key: string, stopping: AbortSignal): Promise<undefined> {
    const { api, term: termOf, judge, pace, observer } = this.#options;
    const issuer = this.#get(key);
    const term = termOf();
    const described = issuerKinds.find(({ plural }) => key.startsWith(`${plural}/`));
    if (issuer === undefined || term === undefined || described === undefined) return;
    const { namespace, name, uid, generation, spec, ready } = issuer;
    const fault = 'fault' in spec ? spec.fault : judge(spec);
    const status = fault === undefined ? 'True' : 'False';
    const reason = fault === undefined ? 'Checked' : 'Failed';
    const message = fault ?? 'requests that name it are signed';
    if (ready?.status === status && ready.message === message && ready.observedGeneration === generation) return;
    const stays = ready?.status === status && ready.lastTransitionTime !== '';
    const lastTransitionTime = stays ? ready.lastTransitionTime : rfc3339(pace.now());
    const condition = { type: 'Ready', status, reason, message, observedGeneration: generation, lastTransitionTime };
    const about = { apiVersion: `${issuerGroup}/${issuerVersion}`, kind: described.kind, name, namespace, uid };
    const written = await this.#put(
      api,
      about,
      described.plural,
      { conditions: [condition] },
      AbortSignal.any([term, stopping]),
    );
    if (written && (ready?.status !== status || ready.message !== message))
      observer.announced?.(about, { type: fault === undefined ? 'Normal' : 'Warning', reason, note: message });
  }

  /** False where it is gone, or another one of that name. */
  async #put(
    api: KubernetesApi,
    {
      apiVersion,
      kind,
      name,
      namespace,
      uid,
    }: KubernetesObject & { readonly name: string; readonly namespace: string },
    plural: string,
    status: KubernetesObject,
    signal: AbortSignal,
  ): Promise<boolean> {
    const folder = namespace === '' ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
    try {
      await api.ask({
        method: 'PATCH',
        path: `/apis/${issuerGroup}/${issuerVersion}${folder}/${plural}/${encodeURIComponent(name)}/status`,
        query: { fieldManager: `${issuerGroup}/issuer`, force: 'true' },
        contentType: 'application/apply-patch+yaml',
        body: { apiVersion, kind, metadata: namespace === '' ? { name, uid } : { name, namespace, uid }, status },
        timeoutMs: callMs,
        signal,
      });
      return true;
    } catch (thrown) {
      if (!(thrown instanceof ApiError) || (thrown.status !== 404 && thrown.status !== 409)) throw thrown;
      return false;
    }
  }
}

/** What requests that wait for it look at. */
const standsAs = (issuer: IssuerObject | undefined) =>
  issuer && JSON.stringify([issuer.generation, issuer.ready?.status, issuer.ready?.observedGeneration, issuer.spec]);

const messageOf = (thrown: unknown) => (thrown instanceof Error ? thrown.message : String(thrown));
const rfc3339 = (now: number) => new Date(Math.floor(now / 1000) * 1000).toISOString().replace('.000Z', 'Z');
