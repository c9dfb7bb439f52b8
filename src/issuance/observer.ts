import type { Refusal } from '#refusal/refusal.ts';
import type { Attempt } from './request.ts';

/** The stages that metrics and traces know, in order. */
export const stages = ['authn', 'csr', 'policy', 'lint', 'sign', 'append'] as const;
export type Stage = (typeof stages)[number];

/**
 * What telemetry hears of the sequence. One call per request, after it ended, so that the hot path pays for
 * numbers and not for spans: `stageMs` holds a duration in ms per stage that ran, in the order of `stages`.
 */
export interface IssuanceObserver {
  ended(attempt: Attempt, outcome: IssuanceOutcome): void;
}

export interface IssuanceOutcome {
  /** ms since the epoch. */
  readonly startedAt: number;
  readonly totalMs: number;
  /** One entry per stage; -1 where the stage did not run. */
  readonly stageMs: Float64Array;
  readonly refusal?: Refusal;
  readonly identity?: string;
  readonly serial?: string;
  readonly policy?: string;
  readonly leafIndex?: number;
}
