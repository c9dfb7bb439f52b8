import type { Issuance } from '#issuance/request.ts';
import { ApiError, type KubernetesApi, type KubernetesObject } from '#kubernetes/api.ts';
import type { Change } from '#kubernetes/mirror.ts';
import { keyOf } from '#kubernetes/object-set.ts';
import type { Pace } from '#kubernetes/pace.ts';
import type { QueueObserver } from '#kubernetes/queue-observer.ts';
import { WorkQueue } from '#kubernetes/work-queue.ts';
import { asRefusal } from '#refusal/refusal.ts';
import { type Handed, isWord, type RequestKind, type Verdict, type WaitingRequest, type Word } from './request-kind.ts';
import { WatchedRequests } from './watched-requests.ts';

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
  /** Worth an event at the object, for people who look at it. */
  announced?(about: KubernetesObject, event: NonNullable<Word['event']>): void;
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
  readonly queueObserver?: QueueObserver;
}

/** What is known of a request that is on its way, by its UID, until it no longer waits. */
interface Course {
  /** On the record, and perhaps not yet in the API server. Never signed twice while the first can still be taken. */
  handed?: Handed;
  /** On the record as refused, and perhaps not yet said. */
  refused?: Word;
  /** ms: when it was first tried in vain. */
  since?: number;
}

/**
 * Answers the requests of one kind that are ours, by the replica that has the lease. Nothing is said for good of what may
 * pass: the object is looked at again.
 */
export class AnsweredRequests<Request extends WaitingRequest> {
  readonly #options: AnsweredRequestsOptions<Request>;
  readonly #queue: WorkQueue;
  readonly #requests: WatchedRequests<Request>;
  readonly #courses: Map<string, Course>;

  constructor(options: AnsweredRequestsOptions<Request>) {
    const { api, kind, pace, observer } = options;
    this.#options = options;
    this.#courses = new Map([...(options.issuedBefore ?? [])].map(([uid, handed]) => [uid, { handed }]));
    this.#queue = new WorkQueue({
      work: (key, signal) => this.#work(key, signal),
      onFault: (key, thrown, failures) => this.#failed(key, thrown, failures),
      refill: () => this.#keys(),
      concurrency,
      pace,
      observer: options.queueObserver,
    });
    this.#requests = new WatchedRequests<Request>({
      ...{ api, kind, pace },
      onChange: (change) => this.#changed(change),
      told: (level, message) => observer.told(level, message),
    });
  }

  start(): void {
    this.#requests.start();
  }

  /** Looks at every request again: the lease was won, or what they wait for changed. */
  refresh(): void {
    for (const key of this.#keys()) this.#queue.add(key);
  }

  get waiting(): number {
    return this.#queue.size;
  }

  /** Why requests are not seen; undefined while they are. */
  get fault(): string | undefined {
    return this.#requests.fault;
  }

  async stop(): Promise<void> {
    await this.#queue.stop();
    await this.#requests.stop();
  }

  #changed({ key, before, after }: Change<Request>): void {
    // another object of the same name may have taken its place
    if (before !== undefined && before.uid !== after?.uid) this.#courses.delete(before.uid);
    if (after === undefined) return;
    if (before === undefined || !this.#options.kind.isOwnChange(before, after)) this.#queue.add(key);
  }

  *#keys(): Iterable<string> {
    for (const { namespace, name } of this.#requests.all()) yield keyOf(namespace, name);
  }

  async #work(key: string, stopping: AbortSignal): Promise<undefined> {
    const [name = '', namespace = ''] = key.split('/').toReversed();
    const { kind, pace } = this.#options;
    const known = this.#requests.get(namespace, name);
    const term = this.#options.term();
    if (known === undefined || term === undefined) return;
    const signal = AbortSignal.any([term, stopping]);
    const verdict = kind.verdict(known, pace.now());
    if (verdict !== undefined) return this.#say(known, verdict, signal);
    const request = kind.looksAgain ? await this.#requests.fresh(known, signal) : known;
    if (request === undefined) return;
    const news = kind.verdict(request, pace.now());
    await (news === undefined ? this.#answer(request, signal) : this.#say(request, news, signal));
  }

  async #say(request: Request, verdict: Verdict, signal: AbortSignal): Promise<undefined> {
    if ('waits' in verdict) {
      if (verdict.waits !== undefined) await this.#write(request, verdict.waits, 'left', signal);
    } else if ('settled' in verdict) await this.#write(request, verdict.settled, 'left', signal);
    else await this.#write(request, await this.#refuse(request, verdict), 'refused', signal);
  }

  /** The word that follows the record. Throws what says that it could not be put there. */
  async #refuse(request: Request, { refusal, word }: Extract<Verdict, { word: Word }>): Promise<Word> {
    const course = this.#courseOf(request);
    if (course.refused === undefined) {
      const { kind, issuance } = this.#options;
      const given = await issuance.refuse(kind.attempt(request), refusal);
      if (given !== refusal) throw given;
      course.refused = word;
    }
    return course.refused;
  }

  /** Throws what is to be tried again. */
  async #answer(request: Request, signal: AbortSignal): Promise<void> {
    const { kind, pace, observer } = this.#options;
    const course = this.#courseOf(request);
    if (course.refused !== undefined) return this.#write(request, course.refused, 'refused', signal);
    let handed: Handed;
    try {
      handed = await this.#issue(request, course, signal);
    } catch (thrown) {
      if (signal.aborted) throw thrown;
      const refusal = asRefusal(thrown);
      course.since ??= pace.now();
      const said = kind.refused(request, refusal, pace.now(), course.since);
      if (isWord(said)) {
        course.refused = said;
        return this.#write(request, said, 'refused', signal);
      }
      if (said === 'leave') {
        observer.ended('left');
        observer.told('warn', `${nameOf(request)} is not answered: ${refusal.message}`);
        return;
      }
      if (said !== 'later' && said.meanwhile !== undefined) await this.#put(request, said.meanwhile, signal);
      throw refusal;
    }
    await this.#write(request, kind.issued(request, handed, pace.now()), 'issued', signal);
  }

  async #issue(request: Request, course: Course, signal: AbortSignal): Promise<Handed> {
    const { kind, issuance, pace } = this.#options;
    const { handed: before } = course;
    if (before !== undefined && !kind.isStale(before, pace.now())) return before;
    const late = AbortSignal.timeout(issuanceMs);
    const { facts } = await issuance.issue(kind.attempt(request), AbortSignal.any([signal, late]));
    course.handed = facts;
    return facts;
  }

  #courseOf({ uid }: Request): Course {
    const known = this.#courses.get(uid);
    if (known !== undefined) return known;
    const course = {};
    this.#courses.set(uid, course);
    return course;
  }

  async #write(request: Request, word: Word, outcome: RequestOutcome, signal: AbortSignal): Promise<void> {
    const { observer } = this.#options;
    // gone, or answered by the replica that had the lease before: then it is left
    observer.ended((await this.#put(request, word, signal)) ? outcome : 'left');
  }

  /**
   * A crash before this leaves a certificate on the record that nobody holds; the request is answered with it after a
   * restart. False where the object is gone, or is another one.
   */
  async #put(request: Request, { status, event }: Word, signal: AbortSignal): Promise<boolean> {
    const { api, kind, observer } = this.#options;
    const { namespace, name, uid } = request;
    const about = { apiVersion: this.#requests.apiVersion, kind: kind.kind, name, namespace, uid };
    const path = `${this.#requests.path(request)}/status`;
    const { writing } = kind;
    try {
      if (writing.way === 'merge') {
        // another object of that name has another UID: then this is a conflict, and nothing is written
        const body = { metadata: { uid }, status };
        const contentType = 'application/merge-patch+json';
        await api.ask({ method: 'PATCH', path, contentType, body, timeoutMs: callMs, signal });
      } else {
        const { apiVersion } = about;
        const body = { apiVersion, kind: writing.kind, metadata: { name, namespace, uid }, status };
        const query = { fieldManager: writing.fieldManager, force: 'true' };
        const contentType = 'application/apply-patch+yaml';
        await api.ask({ method: 'PATCH', path, query, contentType, body, timeoutMs: callMs, signal });
      }
    } catch (thrown) {
      if (!(thrown instanceof ApiError) || (thrown.status !== 404 && thrown.status !== 409)) throw thrown;
      return false;
    }
    if (event !== undefined) observer.announced?.(about, event);
    return true;
  }

  #failed(key: string, thrown: unknown, failures: number): void {
    const { observer } = this.#options;
    observer.ended('failed');
    if (failures === 1 || failures % 10 === 0)
      observer.told('warn', `${key} waits, and is tried again: ${messageOf(thrown)}`);
  }
}

const nameOf = ({ namespace, name }: WaitingRequest) => (namespace === '' ? name : `${namespace}/${name}`);
const messageOf = (thrown: unknown) => (thrown instanceof Error ? thrown.message : String(thrown));
