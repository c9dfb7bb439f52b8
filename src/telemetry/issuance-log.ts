import type { IssuanceObserver, IssuanceOutcome } from '#issuance/observer.ts';
import type { Attempt } from '#issuance/request.ts';
import type { Remedy } from '#refusal/refusal.ts';
import type { Logger } from './log/logger.ts';
import type { Level, LogFields } from './log/record.ts';
import type { SparingLog } from './log/sparing-log.ts';

const levelOf: Readonly<Record<Remedy, Level>> = {
  'fix-request': 'info',
  'retry-later': 'warn',
  'call-operator': 'error',
};

/**
 * A line for a refusal, where many are alike for the first of them, and per certificate at level debug: the audit log
 * has them all. The reason of a refused authentication stands here and in the record, and nowhere that the caller sees.
 */
export class IssuanceLog implements IssuanceObserver {
  readonly #logger: Logger;
  readonly #sparing: SparingLog;

  constructor(logger: Logger, sparing: SparingLog) {
    this.#logger = logger;
    this.#sparing = sparing;
  }

  ended(attempt: Attempt, outcome: IssuanceOutcome): void {
    const { refusal } = outcome;
    if (refusal !== undefined) {
      this.#sparing.log({
        level: levelOf[refusal.remedy],
        message: 'refused',
        like: {
          ...whose(attempt, outcome),
          door: attempt.door,
          code: refusal.code,
          reason: refusal.message,
        },
        own: () => ({ ...facts(attempt, outcome), error: refusal.cause }),
      });
    } else if (this.#logger.writes('debug')) {
      this.#logger.debug('issued', facts(attempt, outcome));
    }
  }
}

/** Whoever proved itself, wherever it came from; else the address. */
const whose = (attempt: Attempt, { identity }: IssuanceOutcome): LogFields =>
  identity === undefined ? { peer: attempt.evidence.peer?.ip } : { identity };

const facts = (attempt: Attempt, outcome: IssuanceOutcome): LogFields => ({
  request: attempt.id,
  door: attempt.door,
  peer: attempt.evidence.peer?.ip,
  identity: outcome.identity,
  policy: outcome.policy,
  serial: outcome.serial,
  leafIndex: outcome.leafIndex,
  ms: Math.round(outcome.totalMs * 1000) / 1000,
});
