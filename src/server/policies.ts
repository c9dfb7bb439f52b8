import { readFiles } from '#document/files.ts';
import type { AuditLog, Clock } from '#issuance/ports.ts';
import { loadPolicySet } from '#policy/load.ts';
import type { PolicySet } from '#policy/set.ts';
import { Refusal } from '#refusal/refusal.ts';
import type { Logger } from '#telemetry/log/logger.ts';
import { policyChange, policyTexts } from './change.ts';
import { type Events, fromFiles } from './events.ts';
import { Looks } from './looks.ts';

/** ms between two looks at the files: a mounted ConfigMap changes by a swapped link, which no watch tells reliably. */
const lookEveryMs = 5_000;

/** Who hears of a change: the log first. */
export interface PolicyNews {
  readonly log: AuditLog;
  readonly events: Events;
  readonly logger: Logger;
  /** Where the record of the set in force stands. */
  readonly recorded?: (leafIndex: number) => Promise<void>;
}

/** The policies in force, followed while the server runs. The set is swapped whole, between two decisions. */
export class FollowedPolicies {
  readonly #paths: readonly string[];
  readonly #clock: Clock;
  readonly #demand: (set: PolicySet) => void;
  #set: PolicySet;
  #seen: string;
  #looks: Looks | undefined;

  /**
   * `demand` throws for a set that the configuration rules out. Throws that, or DocumentError: without a good set there
   * is nothing to begin with.
   */
  constructor(paths: readonly string[], clock: Clock, demand: (set: PolicySet) => void = () => {}) {
    this.#paths = paths;
    this.#clock = clock;
    this.#seen = textOf(paths);
    this.#demand = demand;
    this.#set = loadPolicySet(paths, clock.now());
    demand(this.#set);
  }

  get set(): PolicySet {
    return this.#set;
  }

  follow(news: PolicyNews): void {
    this.#looks = new Looks(() => this.#look(news), lookEveryMs);
    this.#looks.goOn();
  }

  async stop(): Promise<void> {
    await this.#looks?.stop();
  }

  /** Looks at the files now, once they are followed; while a look is under way, once more after it. */
  async reload(): Promise<void> {
    await this.#looks?.now();
  }

  /**
   * A changed set is recorded first and decides from then on; a broken one never does, and that is a record too. A
   * crash between the two leaves a record of a set that the next start loads anyway.
   */
  async #look(news: PolicyNews): Promise<void> {
    const text = this.#read();
    if (text === this.#seen) return;
    this.#seen = text;
    const { log, events, logger, recorded } = news;
    try {
      const before = this.#set;
      const after = loadPolicySet(this.#paths, this.#clock.now());
      this.#demand(after);
      if (before.id === after.id) return;
      const change = policyChange(after, before);
      await Promise.all(policyTexts(after).map((piece) => log.append(events.of('policy.text', { change: piece }))));
      const index = await log.append(events.of('policy.loaded', { actor: fromFiles, change }));
      this.#set = after;
      logger.info('policies replaced', { policySet: after.id });
      await recorded?.(index).catch((error: unknown) =>
        logger.warn('a bookmark of the log could not be set', { error }),
      );
    } catch (thrown) {
      await this.#refused(thrown, news);
    }
  }

  async #refused(thrown: unknown, { log, events, logger }: PolicyNews): Promise<void> {
    if (thrown instanceof Refusal) {
      // The log had no room for it: nothing is wrong with the policies, which are looked at again.
      this.#seen = '';
      logger.warn('new policies wait for the log', { reason: thrown.message });
      return;
    }
    const reason = thrown instanceof Error ? thrown.message.slice(0, 2_000) : String(thrown);
    logger.error('new policies refused; the old set stays in force', { policySet: this.set.id, reason });
    const event = events.of('policy.refused', {
      outcome: 'failed',
      reason: 'policy.error',
      message: reason,
      actor: fromFiles,
    });
    // A log that cannot be written has said so already, and stops the server itself.
    await log.append(event).catch(() => undefined);
  }

  #read(): string {
    try {
      return textOf(this.#paths);
    } catch (thrown) {
      return `unreadable: ${String(thrown)}`;
    }
  }
}

const textOf = (paths: readonly string[]) =>
  readFiles(paths)
    .map(({ file, text }) => `${file}\n${text}`)
    .join('\n');
