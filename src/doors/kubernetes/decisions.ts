import type { Approval, Issuance } from '#issuance/request.ts';
import type { Pace } from '#kubernetes/pace.ts';
import { Refusal } from '#refusal/refusal.ts';
import type { Course, Courses } from './courses.ts';
import { OneCertificate } from './one-certificate.ts';
import type { Approving, RequestKind, Verdict, WaitingRequest, Word } from './request-kind.ts';

/** ms for one approval, its queues included. */
const decisionMs = 10_000;

/** What a request waits for: that somebody decides whether it may be signed, or its answer. */
export type Step = 'approval' | 'answer';

export interface DecisionsOptions<Request extends WaitingRequest> {
  readonly kind: RequestKind<Request>;
  readonly issuance: Issuance & Approval;
  readonly courses: Courses;
  readonly pace: Pace;
  /** There is a certificate now for a request that nobody waited for any longer. */
  readonly onLate: (request: Request) => void;
}

/** What becomes of requests by proof and policy. It is on the record before it is a word, and once. */
export class Decisions<Request extends WaitingRequest> {
  readonly #options: DecisionsOptions<Request>;
  readonly #certificate: OneCertificate<Request>;

  constructor(options: DecisionsOptions<Request>) {
    this.#options = options;
    this.#certificate = new OneCertificate(options);
  }

  stepOf(request: Request): Step {
    return this.#options.kind.approving?.awaits(request) === true ? 'approval' : 'answer';
  }

  courseOf(request: Request): Course {
    const { uid, resourceVersion = '' } = request;
    const { courses } = this.#options;
    return this.stepOf(request) === 'approval' ? courses.ofApproval(uid, resourceVersion) : courses.of(uid);
  }

  /** The word that follows the record. Throws what says that it could not be put there. */
  async refuse(request: Request, { refusal, word }: Extract<Verdict, { word: Word }>): Promise<Word> {
    const course = this.courseOf(request);
    if (course.refused === undefined) {
      const { kind, issuance } = this.#options;
      const given = await issuance.refuse(kind.attempt(request), refusal);
      if (given !== refusal) throw given;
      course.refused = word;
    }
    return course.refused;
  }

  /** That it is approved, or its certificate. Throws the Refusal where policy, or anything else, does not permit it. */
  async permit(request: Request, stopping: AbortSignal): Promise<Word> {
    const { kind, courses, pace } = this.#options;
    const { approving } = kind;
    if (approving?.awaits(request) === true) return await this.#approve(request, approving, stopping);
    const handed = await this.#certificate.of(request, courses.of(request.uid), stopping);
    return kind.issued(request, handed, pace.now());
  }

  /** Decided anew until it is written: policy may say another thing by then. */
  async #approve(request: Request, approving: Approving<Request>, stopping: AbortSignal): Promise<Word> {
    const { kind, issuance, courses, pace } = this.#options;
    const course = courses.ofApproval(request.uid, request.resourceVersion ?? '');
    const bound = new AbortController();
    const why = new Refusal('deadline', `nothing was decided within ${decisionMs / 1000} s`);
    const callOff = pace.after(decisionMs, () => bound.abort(why));
    try {
      const signal = AbortSignal.any([stopping, bound.signal]);
      course.approved = await issuance.approve(kind.attempt(request), signal, course.approved);
      return approving.approved(request, course.approved.facts, pace.now());
    } finally {
      callOff();
    }
  }
}
