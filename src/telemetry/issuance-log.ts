import type { IssuanceObserver, IssuanceOutcome } from '#issuance/observer.ts';
import type { Attempt } from '#issuance/request.ts';
import type { Refusal, Remedy } from '#refusal/refusal.ts';
import type { Logger } from './log/logger.ts';
import type { Level, LogFields } from './log/record.ts';

const levelOf: Readonly<Record<Remedy, Level>> = {
  'fix-request': 'info',
  'retry-later': 'warn',
  'call-operator': 'error',
};

/**
 * One line per refusal, and per certificate at level debug: the audit log has them all. The reason of a refused
 * authentication stands here and in the record, and nowhere that the caller sees.
 */
export class IssuanceLog implements IssuanceObserver {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  ended(attempt: Attempt, outcome: IssuanceOutcome): void {
    const { refusal } = outcome;
    if (refusal !== undefined) {
      const level = levelOf[refusal.remedy];
      if (this.#logger.writes(level)) {
        this.#logger.log(level, 'refused', { ...facts(attempt, outcome), ...why(refusal) });
      }
    } else if (this.#logger.writes('debug')) {
      this.#logger.debug('issued', facts(attempt, outcome));
    }
  }
}

const why = (refusal: Refusal): LogFields => ({ code: refusal.code, reason: refusal.message, error: refusal.cause });

const facts = (attempt: Attempt, outcome: IssuanceOutcome): LogFields => ({
  request: attempt.id,
  door: attempt.door,
  peer: attempt.evidence.peer.ip,
  identity: outcome.identity,
  policy: outcome.policy,
  serial: outcome.serial,
  leafIndex: outcome.leafIndex,
  ms: Math.round(outcome.totalMs * 1000) / 1000,
});
