import type { Approval, Issuance } from '#issuance/request.ts';
import { ApiError, type KubernetesApi, type KubernetesObject } from '#kubernetes/api.ts';
import type { Change } from '#kubernetes/mirror.ts';
import { keyOf } from '#kubernetes/object-set.ts';
import type { Pace } from '#kubernetes/pace.ts';
import type { QueueObserver } from '#kubernetes/queue-observer.ts';
import { WorkQueue } from '#kubernetes/work-queue.ts';
import { asRefusal } from '#refusal/refusal.ts';
import { Courses } from './courses.ts';
import { Decisions, type Step } from './decisions.ts';
import { type Handed, isWord, type RequestKind, type WaitingRequest, type Word } from './request-kind.ts';
import { StatusWriter } from './status-writer.ts';
import { WatchedRequests } from './watched-requests.ts';

/** Requests worked on at the same time: they wait for the API server, not for us. */
const concurrency = 16;

export type RequestOutcome = 'approved' | 'issued' | 'refused' | 'left' | 'failed';

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
  readonly issuance: Issuance & Approval;
  /** Of the lease; undefined while another replica answers. */
  readonly term: () => AbortSignal | undefined;
  /** By UID of the request: what a process that died put on the record, and perhaps handed over to nobody. */
  readonly issuedBefore?: ReadonlyMap<string, Handed>;
  readonly pace: Pace;
  readonly observer: RequestObserver;
  readonly queueObserver?: QueueObserver;
}

interface Signals {
  readonly stopping: AbortSignal;
  /** That, or the end of the term: nothing is written past it. */
  readonly signal: AbortSignal;
}

/**
 * Answers the requests of one kind that are ours, by the replica that has the lease. Nothing is said for good of what may
 * pass: the object is looked at again.
 */
export class AnsweredRequests<Request extends WaitingRequest> {
  readonly #options: AnsweredRequestsOptions<Request>;
  readonly #queue: WorkQueue;
  readonly #requests: WatchedRequests<Request>;
  readonly #writer: StatusWriter<Request>;
  readonly #courses: Courses;
  readonly #decisions: Decisions<Request>;
  /** Rights that are missing for a step, in the words of the API server, until that was done. */
  readonly #missing: Readonly<Record<Step, Set<string>>> = { approval: new Set(), answer: new Set() };

  constructor(options: AnsweredRequestsOptions<Request>) {
    const { api, kind, issuance, pace, observer } = options;
    this.#options = options;
    const courses = new Courses(options.issuedBefore);
    this.#courses = courses;
    const onLate = ({ namespace, name }: Request) => void this.#queue.add(keyOf(namespace, name));
    this.#decisions = new Decisions({ kind, issuance, courses, pace, onLate });
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
    this.#writer = new StatusWriter({ api, kind, requests: this.#requests, announced: observer.announced });
  }

  start(): void {
    this.#requests.start();
  }

  /** Looks at every request again: the lease was won, or what they wait for changed. */
  refresh(): void {
    for (const key of this.#keys()) this.#queue.add(key);
  }

  /** What others have put on the record since we last looked: to be known before a term of ours begins. */
  learn(issued: ReadonlyMap<string, Handed>): void {
    this.#courses.learn(issued);
  }

  get waiting(): number {
    return this.#queue.size;
  }

  /** Requests of which something is known beside what the API server knows. */
  get remembered(): number {
    return this.#courses.size;
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
    if (before !== undefined && before.uid !== after?.uid) this.#courses.forget(before.uid);
    if (after === undefined) return;
    if (before === undefined || !this.#options.kind.isOwnChange(before, after)) this.#queue.add(key);
  }

  *#keys(): Iterable<string> {
    for (const { namespace, name } of this.#requests.all()) yield keyOf(namespace, name);
  }

  async #work(key: string, stopping: AbortSignal): Promise<number | undefined> {
    const known = this.#get(key);
    const term = this.#options.term();
    if (known === undefined || term === undefined) return;
    if (this.#requests.synced) this.#courses.sweep(this.#requests.all());
    try {
      return await this.#look(known, { stopping, signal: AbortSignal.any([term, stopping]) });
    } finally {
      // it may have gone while it was looked at
      if (this.#get(key)?.uid !== known.uid) this.#courses.forget(known.uid);
    }
  }

  /** Resolves with ms until it is to be looked at again, where nothing else will bring it up. */
  async #look(known: Request, signals: Signals): Promise<number | undefined> {
    const { kind, pace } = this.#options;
    const first = kind.verdict(known, pace.now());
    if (first !== undefined && 'waits' in first && first.waits === undefined) {
      this.#courses.rest(known.uid);
      return first.againMs;
    }
    // a watch tells late: by what it told, somebody's word could be taken back that was said since
    const request = kind.looksAgain ? await this.#requests.fresh(known, signals.signal) : known;
    if (request === undefined) return undefined;
    const verdict = kind.verdict(request, pace.now());
    if (verdict === undefined) await this.#answer(request, signals);
    else if ('settled' in verdict) await this.#write(request, verdict.settled, 'left', signals);
    else if ('word' in verdict)
      await this.#write(request, await this.#decisions.refuse(request, verdict), 'refused', signals);
    else {
      this.#courses.rest(request.uid);
      if (verdict.waits !== undefined) await this.#write(request, verdict.waits, 'left', signals);
      return verdict.againMs;
    }
    return undefined;
  }

  /** Throws what is to be tried again. */
  async #answer(request: Request, signals: Signals): Promise<void> {
    const { kind, pace, observer } = this.#options;
    const course = this.#decisions.courseOf(request);
    if (course.refused !== undefined) return this.#write(request, course.refused, 'refused', signals);
    signals.signal.throwIfAborted();
    let word: Word;
    try {
      word = await this.#decisions.permit(request, signals.stopping);
    } catch (thrown) {
      const refusal = asRefusal(thrown);
      course.since ??= pace.now();
      const said = kind.refused(request, refusal, pace.now(), course.since);
      if (isWord(said)) {
        course.refused = said;
        return this.#write(request, said, 'refused', signals);
      }
      if (said === 'leave') {
        observer.ended('left');
        observer.told('warn', `${nameOf(request)} is not answered: ${refusal.message}`);
        return;
      }
      if (said !== 'later' && said.meanwhile !== undefined)
        await this.#writer.write(request, said.meanwhile, signals.signal);
      throw refusal;
    }
    await this.#write(request, word, this.#decisions.stepOf(request) === 'approval' ? 'approved' : 'issued', signals);
  }

  async #write(request: Request, word: Word, outcome: RequestOutcome, { signal }: Signals): Promise<void> {
    const isWritten = await this.#writer.write(request, word, signal);
    this.#missing[this.#decisions.stepOf(request)].clear();
    // gone, or answered by the replica that had the lease before: then it is left
    this.#options.observer.ended(isWritten ? outcome : 'left');
  }

  #failed(key: string, thrown: unknown, failures: number): void {
    const { observer } = this.#options;
    observer.ended('failed');
    const missing = missingRight.exec(messageOf(thrown))?.[0];
    const request = this.#get(key);
    const told = this.#missing[request === undefined ? 'answer' : this.#decisions.stepOf(request)];
    // a right that is missing is missing for all of them
    if (missing !== undefined && told.has(missing)) return;
    const isConflict = thrown instanceof ApiError && thrown.status === 409;
    if (missing !== undefined || (failures === 1 && !isConflict) || failures % 10 === 0)
      observer.told('warn', `${key} waits, and is tried again: ${messageOf(thrown)}`);
    if (missing !== undefined) told.add(missing);
  }

  #get(key: string): Request | undefined {
    const [name = '', namespace = ''] = key.split('/').toReversed();
    return this.#requests.get(namespace, name);
  }
}

/** On a resource, or as approver or signer of what a signer is named for (kubernetes.md §2.3). */
const missingRight = /cannot \S+ resource "[^"]+"|not permitted to \S+ requests with signerName "[^"]+"/;
const nameOf = ({ namespace, name }: WaitingRequest) => (namespace === '' ? name : `${namespace}/${name}`);
const messageOf = (thrown: unknown) => (thrown instanceof Error ? thrown.message : String(thrown));
