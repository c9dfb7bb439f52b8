import type { WitnessesConfig } from '#config/sections/audit.ts';
import type { Cosigning } from '#store/cosigning.ts';
import type { EngineLog } from '#store/engine-log.ts';
import type { Check } from '#telemetry/health.ts';
import { watchWitnesses } from '#telemetry/witnesses.ts';
import type { Round, WitnessCircle } from '#witness/witness-circle.ts';
import type { Foundation } from './foundation.ts';
import type { LogKeys } from './log-keys.ts';
import { lastWitnessed } from './newest-records.ts';
import { openCircle } from './witness-circle.ts';
import { WitnessRecords } from './witness-records.ts';

/** The witnesses of our log: who is asked, and what the operator, the record and the numbers say of it. */
export class LogWitnesses {
  readonly #foundation: Foundation;
  readonly #config: WitnessesConfig;
  readonly #circle: WitnessCircle;
  readonly #records: WitnessRecords;
  readonly #check: Check;
  /** When there was a quorum last, as far as is known, or this began; on the steady clock, ms. */
  #metAt = performance.now();
  #isMet: boolean | undefined;

  /** Throws WitnessesError. */
  constructor(foundation: Foundation, config: WitnessesConfig, keys: LogKeys) {
    this.#foundation = foundation;
    this.#config = config;
    this.#records = new WitnessRecords(foundation);
    this.#check = foundation.health.register('witnesses');
    this.#check.pass();
    const numbers = watchWitnesses(foundation.metrics.registry, {
      isMet: () => this.#isMet,
      standings: () => this.#circle.standings,
    });
    this.#circle = openCircle(config, keys, {
      clock: foundation.clock,
      onRound: (round) => this.#took(round),
      onAsked: numbers.asked,
    });
  }

  get cosigning(): Cosigning {
    return this.#circle;
  }

  /** From here on changes are recorded. A quorum that the log says was missing before this start has been missing since then. */
  async takeUp(log: EngineLog): Promise<void> {
    const { config, clock } = this.#foundation;
    const since = await this.#records.into(log, lastWitnessed(config.audit.directory, log));
    if (since !== undefined && this.#isMet !== true) this.#metAt -= Math.max(0, clock.now() - since);
  }

  /** No record from here on: the log is about to close. */
  stop(): void {
    this.#records.stop();
  }

  /** Why nothing is issued at present. */
  pause(): string | undefined {
    const { stopAfterMs } = this.#config;
    if (this.#isMet !== false || stopAfterMs === undefined) return undefined;
    const ms = performance.now() - this.#metAt;
    if (ms <= stopAfterMs) return undefined;
    return `not enough witnesses have cosigned the log for ${Math.round(ms / 1_000)} s; issuance goes on when they do`;
  }

  #took(round: Round): void {
    this.#isMet = round.isMet;
    if (round.isMet) this.#metAt = performance.now();
    const { standings } = this.#circle;
    this.#records.take(round, standings);
    const paused = this.pause();
    const problems = standings.flatMap(({ name, problem }) => (problem === undefined ? [] : [`${name}: ${problem}`]));
    if (paused !== undefined) this.#check.fail(paused);
    else this.#check.pass(problems.length === 0 ? undefined : problems.join('; '));
  }
}
