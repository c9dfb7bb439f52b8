import { asRefusal, type RefusalCode, type RefusalDetail } from '#refusal/refusal.ts';
import type { Inquiry } from './question.ts';

/** Why a check does not hold. It becomes a Refusal once it is known which policy said so. */
export interface Objection {
  readonly code: RefusalCode;
  readonly sentence: string;
  readonly detail?: RefusalDetail;
}

/** One thing that must hold. The same list is walked to decide and to explain, so the two cannot differ. */
export interface Check {
  /** What is looked at, for people: `key type`, `trust domain`. */
  readonly name: string;
  /** What stands in the way, or undefined. Pure. */
  readonly objection: (inquiry: Inquiry) => Objection | undefined;
  /** What was found, for people, when nothing stands in the way. */
  readonly found: (inquiry: Inquiry) => string;
}

export function firstObjection(checks: readonly Check[], inquiry: Inquiry): Objection | undefined {
  for (const check of checks) {
    const objection = check.objection(inquiry);
    if (objection !== undefined) return objection;
  }
  return undefined;
}

/** What a reader that throws Refusals has against what it reads. */
export function objectionOf(read: () => unknown): Objection | undefined {
  try {
    read();
    return undefined;
  } catch (thrown) {
    const { code, message } = asRefusal(thrown);
    return { code, sentence: message };
  }
}
