import type { Issuance } from '#issuance/request.ts';
import { ApiError, type KubernetesApi, type KubernetesObject } from '#kubernetes/api.ts';
import type { Change } from '#kubernetes/mirror.ts';
import { keyOf } from '#kubernetes/object-set.ts';
import type { Pace } from '#kubernetes/pace.ts';
import type { QueueObserver } from '#kubernetes/queue-observer.ts';
import { WorkQueue } from '#kubernetes/work-queue.ts';
import { asRefusal } from '#refusal/refusal.ts';
import { Courses } from './courses.ts';
import { OneCertificate } from './one-certificate.ts';
import { type Handed, isWord, type RequestKind, type Verdict, type WaitingRequest, type Word } from './request-kind.ts';
import { StatusWriter } from './status-writer.ts';
import { WatchedRequests } from './watched-requests.ts';

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
  readonly #certificate: OneCertificate<Request>;
  /** The right that is missing, in the words of the API server, until something was written. */
  #missing = '';

  constructor(options: AnsweredRequestsOptions<Request>) {
    const { api, kind, issuance, pace, observer } = options;
    this.#options = options;
    this.#courses = new Courses(options.issuedBefore);
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
    const onLate = ({ namespace, name }: Request) => void this.#queue.add(keyOf(namespace, name));
    this.#certificate = new OneCertificate({ kind, issuance, pace, onLate });
    this.#writer = new StatusWriter({ api, kind, requests: this.#requests, announced: observer.announced });
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
    const [name = '', namespace = ''] = key.split('/').toReversed();
    const known = this.#requests.get(namespace, name);
    const term = this.#options.term();
    if (known === undefined || term === undefined) return;
    if (this.#requests.synced) this.#courses.sweep(this.#requests.all());
    try {
      return await this.#look(known, { stopping, signal: AbortSignal.any([term, stopping]) });
    } finally {
      // it may have gone while it was looked at
      if (this.#requests.get(namespace, name)?.uid !== known.uid) this.#courses.forget(known.uid);
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
    else if ('word' in verdict) await this.#write(request, await this.#refuse(request, verdict), 'refused', signals);
    else {
      this.#courses.rest(request.uid);
      if (verdict.waits !== undefined) await this.#write(request, verdict.waits, 'left', signals);
      return verdict.againMs;
    }
    return undefined;
  }

  /** The word that follows the record. Throws what says that it could not be put there. */
  async #refuse(request: Request, { refusal, word }: Extract<Verdict, { word: Word }>): Promise<Word> {
    const course = this.#courses.of(request.uid);
    if (course.refused === undefined) {
      const { kind, issuance } = this.#options;
      const given = await issuance.refuse(kind.attempt(request), refusal);
      if (given !== refusal) throw given;
      course.refused = word;
    }
    return course.refused;
  }

  /** Throws what is to be tried again. */
  async #answer(request: Request, signals: Signals): Promise<void> {
    const { kind, pace, observer } = this.#options;
    const course = this.#courses.of(request.uid);
    if (course.refused !== undefined) return this.#write(request, course.refused, 'refused', signals);
    signals.signal.throwIfAborted();
    let handed: Handed;
    try {
      handed = await this.#certificate.of(request, course, signals.stopping);
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
    await this.#write(request, kind.issued(request, handed, pace.now()), 'issued', signals);
  }

  async #write(request: Request, word: Word, outcome: RequestOutcome, { signal }: Signals): Promise<void> {
    const isWritten = await this.#writer.write(request, word, signal);
    this.#missing = '';
    // gone, or answered by the replica that had the lease before: then it is left
    this.#options.observer.ended(isWritten ? outcome : 'left');
  }

  #failed(key: string, thrown: unknown, failures: number): void {
    const { observer } = this.#options;
    observer.ended('failed');
    const missing = /cannot \S+ resource "[^"]+"/.exec(messageOf(thrown))?.[0];
    // a right that is missing is missing for all of them
    if (missing !== undefined && missing === this.#missing) return;
    const isConflict = thrown instanceof ApiError && thrown.status === 409;
    if (missing !== undefined || (failures === 1 && !isConflict) || failures % 10 === 0)
      observer.told('warn', `${key} waits, and is tried again: ${messageOf(thrown)}`);
    if (missing !== undefined) this.#missing = missing;
  }
}

const nameOf = ({ namespace, name }: WaitingRequest) => (namespace === '' ? name : `${namespace}/${name}`);
const messageOf = (thrown: unknown) => (thrown instanceof Error ? thrown.message : String(thrown));
