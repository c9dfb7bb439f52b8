import type { Issuance, Issued } from '#issuance/request.ts';
import type { Pace } from '#kubernetes/pace.ts';
import { Refusal } from '#refusal/refusal.ts';
import type { Course } from './courses.ts';
import type { Handed, RequestKind, WaitingRequest } from './request-kind.ts';

/** ms for one issuance, its queues included. */
const issuanceMs = 10_000;

export interface OneCertificateOptions<Request extends WaitingRequest> {
  readonly kind: RequestKind<Request>;
  readonly issuance: Issuance;
  readonly pace: Pace;
  /** There is one now for a request that nobody waited for any longer. */
  readonly onLate: (request: Request) => void;
}

/** Of each request the one certificate that the log has of it: the first that is on the record, however late. */
export class OneCertificate<Request extends WaitingRequest> {
  readonly #options: OneCertificateOptions<Request>;
  /** Their records are being written, longer than they were waited for: until that has ended nothing is signed for them. */
  readonly #recording = new Set<Course>();

  constructor(options: OneCertificateOptions<Request>) {
    this.#options = options;
  }

  /** Rejects with a Refusal. */
  async of(request: Request, course: Course, stopping: AbortSignal): Promise<Handed> {
    const { kind, issuance, pace } = this.#options;
    const { handed: before } = course;
    if (before !== undefined && !kind.isStale(before, pace.now())) return before;
    if (this.#recording.has(course)) throw stillRecording();
    const bound = new AbortController();
    const why = new Refusal('deadline', `no certificate was made within ${issuanceMs / 1000} s`);
    const callOff = pace.after(issuanceMs, () => bound.abort(why));
    try {
      // the end of the term does not end it: what is on the record then is written once the lease is ours again
      const signal = AbortSignal.any([stopping, bound.signal]);
      const late = (outcome: Promise<Issued>) => void this.#await(request, course, outcome);
      const { facts } = await issuance.issue(kind.attempt(request), signal, late);
      course.handed = facts;
      return facts;
    } catch (thrown) {
      throw this.#recording.has(course) ? stillRecording() : thrown;
    } finally {
      callOff();
    }
  }

  /** Never rejects. */
  async #await(request: Request, course: Course, outcome: Promise<Issued>): Promise<void> {
    this.#recording.add(course);
    const issued = await outcome.catch(() => undefined);
    this.#recording.delete(course);
    // a log that has not got it leaves nothing to hand over: it is signed anew when its turn comes
    if (issued === undefined) return;
    course.handed = issued.facts;
    this.#options.onLate(request);
  }
}

const stillRecording = () =>
  new Refusal('deadline', 'the record of its certificate is still being written; it is handed over once that is done');
