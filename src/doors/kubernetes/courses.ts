import type { Approved } from '#issuance/request.ts';
import type { Handed, Word } from './request-kind.ts';

/** What is known of a request that is on its way, beside what the API server knows, until it no longer waits. */
export interface Course {
  /** On the record, and perhaps not yet in the API server. Never signed twice while the first can still be taken. */
  handed?: Handed;
  /** On the record as refused, and perhaps not yet said. */
  refused?: Word;
  /** ms: when it was first tried in vain, after it last had to wait for something else. */
  since?: number | undefined;
  /** Of the approval that is asked of us. */
  approval?: ApprovalCourse;
}

/** Of one version of a request: of another one nothing was decided yet. */
interface ApprovalCourse extends Course {
  readonly version: string;
  /** On the record, and perhaps not yet said. */
  approved?: Approved;
}

/** The courses of requests, by their UIDs. */
export class Courses {
  readonly #known: Map<string, Course>;
  #isSwept = false;

  /** `issuedBefore`: what a process that died put on the record, and perhaps handed over to nobody. */
  constructor(issuedBefore: ReadonlyMap<string, Handed> = new Map()) {
    this.#known = new Map([...issuedBefore].map(([uid, handed]) => [uid, { handed }]));
  }

  /** What another replica put on the record, and perhaps handed over to nobody; what is known here goes before it. */
  learn(issued: ReadonlyMap<string, Handed>): void {
    for (const [uid, handed] of issued) this.of(uid).handed ??= handed;
    this.#isSwept = false;
  }

  get size(): number {
    return this.#known.size;
  }

  of(uid: string): Course {
    const known = this.#known.get(uid);
    if (known !== undefined) return known;
    const course = {};
    this.#known.set(uid, course);
    return course;
  }

  ofApproval(uid: string, version: string): ApprovalCourse {
    const course = this.of(uid);
    if (course.approval?.version !== version) course.approval = { version };
    return course.approval;
  }

  forget(uid: string): void {
    this.#known.delete(uid);
  }

  /** It waits for another object, and that is none of its own faults. */
  rest(uid: string): void {
    const course = this.#known.get(uid);
    if (course !== undefined) course.since = undefined;
  }

  /** Once after each lesson: of all that was known from before, what no longer waits is forgotten. */
  sweep(waiting: Iterable<{ readonly uid: string }>): void {
    if (this.#isSwept) return;
    this.#isSwept = true;
    const uids = new Set([...waiting].map(({ uid }) => uid));
    for (const uid of this.#known.keys()) if (!uids.has(uid)) this.#known.delete(uid);
  }
}
