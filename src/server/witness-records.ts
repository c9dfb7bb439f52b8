import type { AuditEvent } from '#audit/event.ts';
import type { AuditLog } from '#issuance/ports.ts';
import type { Round, Standing } from '#witness/witness-circle.ts';
import type { Foundation } from './foundation.ts';
import type { LastWitnessed } from './newest-records.ts';

/** Changes that go on the record within `windowMs`; the metrics tell of all. */
const most = 20;
const windowMs = 3_600_000;

/**
 * What changed about the witnesses of the log, on the record. Only changes: each record makes a new checkpoint, which has to
 * be cosigned in its turn, so that a record for each would go on for ever.
 */
export class WitnessRecords {
  readonly #foundation: Foundation;
  #log: AuditLog | undefined;
  #newest: LastWitnessed | undefined;
  #recorded: boolean | undefined;
  readonly #disputed = new Set<string>();
  #times: readonly number[] = [];

  constructor(foundation: Foundation) {
    this.#foundation = foundation;
  }

  /** Goes on from what the log says; gives since when it says that there is no quorum, ms since the epoch. */
  async into(log: AuditLog, newest: LastWitnessed): Promise<number | undefined> {
    const last = (await newest.find())['log.witnessed'];
    this.#newest = newest;
    this.#log = log;
    this.#recorded = last && last.outcome === 'success';
    return this.#recorded === false && last !== undefined ? Date.parse(last.time) : undefined;
  }

  /** The log is about to close. */
  stop(): void {
    this.#log = undefined;
  }

  take({ size, isMet, cosignedBy }: Round, standings: readonly Standing[]): void {
    for (const standing of standings) this.#takeDispute(standing);
    if (isMet === this.#recorded) return;
    const { events, logger } = this.#foundation;
    const change = { kind: 'witnesses', size, content: { cosignedBy } };
    const problems = standings.flatMap(({ name, problem }) => (problem === undefined ? [] : [`${name}: ${problem}`]));
    const message = isMet
      ? 'enough witnesses have cosigned the log'
      : `not enough witnesses cosign the log: ${problems.join('; ')}`.slice(0, 2_000);
    const event = isMet
      ? events.of('log.witnessed', { change, message })
      : events.of('log.witnessed', { outcome: 'failed', reason: 'log.unavailable', change, message });
    if (!this.#append(event, (index) => this.#newest?.remember({ 'log.witnessed': index }))) return;
    this.#recorded = isMet;
    if (isMet) logger.info(message, { size });
    else logger.warn(message, { size });
  }

  #takeDispute({ name, isDisputed, problem = '' }: Standing): void {
    if (!isDisputed) {
      this.#disputed.delete(name);
      return;
    }
    if (this.#disputed.has(name)) return;
    const { events, logger } = this.#foundation;
    const message = `the witness ${name} has seen another history of this log: ${problem}`;
    const change = { kind: 'witnesses', content: { disputedBy: name } };
    const event = events.of('log.witnessed', { outcome: 'failed', reason: 'internal', change, message });
    if (!this.#append(event)) return;
    this.#disputed.add(name);
    logger.error(message);
  }

  /** False where it has to wait: there is no log yet, or a witness comes and goes too often. */
  #append(event: AuditEvent, appended: (index: number) => Promise<void> | undefined = () => undefined): boolean {
    const { clock, logger } = this.#foundation;
    const now = clock.now();
    this.#times = this.#times.filter((time) => now - time < windowMs);
    if (this.#log === undefined || this.#times.length >= most) return false;
    this.#times = [...this.#times, now];
    const told = this.#log.append(event).then(appended);
    void told.catch((error: unknown) => logger.error('log.witnessed could not be recorded', { error }));
    return true;
  }
}
