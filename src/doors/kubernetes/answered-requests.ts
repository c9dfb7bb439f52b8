import type { Issuance } from '#issuance/request.ts';
import { ApiError, type KubernetesApi, type KubernetesObject } from '#kubernetes/api.ts';
import { keyOf } from '#kubernetes/object-set.ts';
import type { Pace } from '#kubernetes/pace.ts';
import { Reflector } from '#kubernetes/reflector.ts';
import { servedVersion } from '#kubernetes/served-version.ts';
import { WorkQueue } from '#kubernetes/work-queue.ts';
import { asRefusal } from '#refusal/refusal.ts';
import type { Handed, RequestKind, WaitingRequest } from './request-kind.ts';

/** ms until a cluster that serves no such kind is asked again: it takes an upgrade to change that. */
const notServedMs = 600_000;
/** ms until it is asked again where it could not say. */
const unansweredMs = 5_000;
/** ms for one issuance, its queues included. */
const issuanceMs = 10_000;
const callMs = 10_000;
/** Requests worked on at the same time: they wait for the API server, not for us. */
const concurrency = 16;

export type RequestOutcome = 'issued' | 'refused' | 'left' | 'failed';

export interface RequestObserver {
  ended(outcome: RequestOutcome): void;
  /** Worth a line in the log; says nothing secret. */
  told(level: 'info' | 'warn', message: string): void;
}

export interface AnsweredRequestsOptions<Request extends WaitingRequest> {
  readonly kind: RequestKind<Request>;
  readonly api: KubernetesApi;
  readonly issuance: Issuance;
  /** Of the lease; undefined while another replica answers. */
  readonly term: () => AbortSignal | undefined;
  /** By UID of the request: what a process that died put on the record, and perhaps handed over to nobody. */
  readonly issuedBefore?: ReadonlyMap<string, Handed>;
  readonly pace: Pace;
  readonly observer: RequestObserver;
}

/**
 * Answers the requests of one kind that are ours, by the replica that has the lease. Nothing is said of what may pass: the
 * object stays as it is, and is looked at again.
 */
export class AnsweredRequests<Request extends WaitingRequest> {
  readonly #options: AnsweredRequestsOptions<Request>;
  readonly #queue: WorkQueue;
  /** By UID: on the record, and perhaps not yet in the API server. Never signed twice while the first can still be taken. */
  readonly #issued: Map<string, Handed>;
  #requests: Reflector<Request> | undefined;
  #version: string | undefined;
  #stopped = false;
  #callOff = () => {};

  constructor(options: AnsweredRequestsOptions<Request>) {
    this.#options = options;
    this.#issued = new Map(options.issuedBefore);
    this.#queue = new WorkQueue({
      work: (key, signal) => this.#work(key, signal),
      onFault: (key, thrown, failures) => this.#failed(key, thrown, failures),
      refill: () => this.#keys(),
      concurrency,
      pace: options.pace,
    });
  }

  start(): void {
    void this.#follow();
  }

  /** Looks at every request again: the lease was won. */
  refresh(): void {
    for (const key of this.#keys()) this.#queue.add(key);
  }

  get waiting(): number {
    return this.#queue.size;
  }

  /** Why requests are not seen; undefined while they are. */
  get fault(): string | undefined {
    if (this.#requests === undefined) return `the cluster is not known to serve ${this.#options.kind.plural}`;
    return this.#requests.fault;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#callOff();
    await this.#queue.stop();
    await this.#requests?.stop();
  }

  async #follow(): Promise<void> {
    const { api, kind, pace, observer } = this.#options;
    let waitMs = notServedMs;
    try {
      this.#version = await servedVersion(api, kind, AbortSignal.timeout(callMs));
      if (this.#version === undefined) observer.told('info', `the cluster serves no ${kind.plural}`);
    } catch (thrown) {
      observer.told('warn', `it cannot be told whether the cluster serves ${kind.plural}: ${messageOf(thrown)}`);
      waitMs = unansweredMs;
    }
    if (this.#stopped) return;
    if (this.#version === undefined) this.#callOff = pace.after(waitMs, () => void this.#follow());
    else this.#watch(this.#version);
  }

  #watch(version: string): void {
    const { api, kind, pace, observer } = this.#options;
    this.#requests = new Reflector<Request>({
      api,
      path: `/apis/${kind.group}/${version}/${kind.plural}`,
      query: { fieldSelector: kind.fieldSelector },
      strip: (object) => kind.read(object),
      onChange: ({ key, after }) => {
        if (after !== undefined) this.#queue.add(key);
      },
      onTrouble: (message) => observer.told('warn', message),
      pace,
    });
    this.#requests.start();
  }

  *#keys(): Iterable<string> {
    for (const { namespace, name } of this.#requests?.all() ?? []) yield keyOf(namespace, name);
  }

  async #work(key: string, stopping: AbortSignal): Promise<undefined> {
    const [name = '', namespace = ''] = key.split('/').toReversed();
    const request = this.#requests?.get(namespace, name);
    const term = this.#options.term();
    if (request === undefined || term === undefined) return;
    const signal = AbortSignal.any([term, stopping]);
    const answer = await this.#answerTo(request, signal);
    if (answer !== undefined) await this.#write(request, answer, signal);
  }

  /** Undefined where nothing is to be said. Throws what is to be tried again. */
  async #answerTo(request: Request, signal: AbortSignal): Promise<Answer | undefined> {
    const { kind, pace, observer, issuance } = this.#options;
    const flaw = kind.flaw(request, pace.now());
    if (flaw !== undefined) {
      const given = await issuance.refuse(kind.attempt(request), flaw.refusal);
      // another one says that it could not be put on the record
      if (given !== flaw.refusal) throw given;
      return { outcome: 'refused', status: flaw.status };
    }
    try {
      return { outcome: 'issued', status: kind.issued(request, await this.#issue(request, signal), pace.now()) };
    } catch (thrown) {
      if (signal.aborted) throw thrown;
      const refusal = asRefusal(thrown);
      const said = kind.refused(request, refusal, pace.now());
      if (said === 'later') throw refusal;
      if (said !== 'leave') return { outcome: 'refused', status: said.status };
      observer.ended('left');
      observer.told('warn', `${nameOf(request)} is not answered: ${refusal.message}`);
      return undefined;
    }
  }

  async #issue(request: Request, signal: AbortSignal): Promise<Handed> {
    const { kind, issuance, pace } = this.#options;
    this.#forgetStale();
    const before = this.#issued.get(request.uid);
    if (before !== undefined && !kind.isStale(before, pace.now())) return before;
    const late = AbortSignal.timeout(issuanceMs);
    const { facts } = await issuance.issue(kind.attempt(request), AbortSignal.any([signal, late]));
    this.#issued.delete(request.uid);
    this.#issued.set(request.uid, facts);
    return facts;
  }

  /** Oldest first, as they were signed. */
  #forgetStale(): void {
    const { kind, pace } = this.#options;
    for (const [uid, handed] of this.#issued) {
      if (!kind.isStale(handed, pace.now())) return;
      this.#issued.delete(uid);
    }
  }

  /** A crash before this leaves a certificate on the record that nobody holds; the request is answered with it after a restart. */
  async #write({ namespace, name, uid }: Request, { outcome, status }: Answer, signal: AbortSignal): Promise<void> {
    const { api, kind, observer } = this.#options;
    const folder = namespace === '' ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
    const object = `${folder}/${kind.plural}/${encodeURIComponent(name)}`;
    try {
      await api.ask({
        method: 'PATCH',
        path: `/apis/${kind.group}/${this.#version ?? ''}${object}/status`,
        contentType: 'application/merge-patch+json',
        // another object of that name has another UID: then this is a conflict, and nothing is written
        body: { metadata: { uid }, status },
        timeoutMs: callMs,
        signal,
      });
    } catch (thrown) {
      if (!(thrown instanceof ApiError) || (thrown.status !== 404 && thrown.status !== 409)) throw thrown;
      // gone, or answered by the replica that had the lease before
      observer.ended('left');
      return;
    }
    observer.ended(outcome);
  }

  #failed(key: string, thrown: unknown, failures: number): void {
    const { observer } = this.#options;
    observer.ended('failed');
    if (failures === 1 || failures % 10 === 0)
      observer.told('warn', `${key} waits, and is tried again: ${messageOf(thrown)}`);
  }
}

interface Answer {
  readonly outcome: 'issued' | 'refused';
  readonly status: KubernetesObject;
}

const nameOf = ({ namespace, name }: WaitingRequest) => (namespace === '' ? name : `${namespace}/${name}`);
const messageOf = (thrown: unknown) => (thrown instanceof Error ? thrown.message : String(thrown));
