import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { type IssuanceObserver, type IssuanceOutcome, stages } from '#issuance/observer.ts';
import type { Attempt } from '#issuance/request.ts';
import { doorMethods } from '../issuance-cells.ts';
import { hrTime, parentOf } from './span-context.ts';

/**
 * Spans of a request, made after it ended and only when it is sampled. The stages follow one another without overlap,
 * so each begins where the one before it ended; what lies between stages is counted to none.
 */
export class IssuanceTraces implements IssuanceObserver {
  readonly #tracer: Tracer;

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  ended(attempt: Attempt, outcome: IssuanceOutcome): void {
    const { startedAt, refusal } = outcome;
    const span = this.#tracer.startSpan(
      doorMethods[attempt.door],
      { kind: SpanKind.SERVER, startTime: hrTime(startedAt) },
      parentOf(attempt),
    );
    if (!span.isRecording()) return;
    span.setAttributes(attributes(attempt, outcome));
    // a request that was rightly refused is no error of the server
    if (refusal !== undefined && refusal.remedy !== 'fix-request') {
      span.setStatus({ code: SpanStatusCode.ERROR, message: refusal.code });
    }
    this.#stages(outcome, trace.setSpan(ROOT_CONTEXT, span));
    span.end(hrTime(startedAt + outcome.totalMs));
  }

  #stages(outcome: IssuanceOutcome, parent: Context): void {
    let from = outcome.startedAt;
    for (const [at, stage] of stages.entries()) {
      const ms = outcome.stageMs[at] ?? -1;
      if (ms < 0) continue;
      this.#tracer.startSpan(stage, { startTime: hrTime(from) }, parent).end(hrTime(from + ms));
      from += ms;
    }
  }
}

function attributes(attempt: Attempt, { identity, policy, serial, leafIndex, refusal }: IssuanceOutcome): Attributes {
  return {
    'countersign.door': attempt.door,
    'countersign.request.id': attempt.id,
    ...(identity !== undefined && { 'countersign.identity': identity }),
    ...(policy !== undefined && { 'countersign.policy': policy }),
    ...(serial !== undefined && { 'countersign.serial': serial }),
    ...(leafIndex !== undefined && { 'countersign.log.index': leafIndex }),
    ...(refusal !== undefined && { 'countersign.refusal': refusal.code }),
  };
}
