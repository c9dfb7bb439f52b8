import { provenRuleSet, type RuleSet } from '#detection/rule-set.ts';
import { readFiles, type TextFile } from '#document/files.ts';
import type { AuditLog } from '#issuance/ports.ts';
import { Refusal } from '#refusal/refusal.ts';
import type { Logger } from '#telemetry/log/logger.ts';
import { rulesChange } from '../change.ts';
import { type Events, fromFiles } from '../events.ts';
import { Looks } from '../looks.ts';

/** ms between two looks at the files, as at those of policies. */
const lookEveryMs = 5_000;

export interface RuleNews {
  readonly log: AuditLog;
  readonly events: Events;
  readonly logger: Logger;
  /** Rules that are on the record by now, as they were read. */
  readonly changed: (set: RuleSet, sources: readonly TextFile[]) => void;
}

/**
 * The rules in force, followed while the server runs. Broken ones are told of and never run, and what was in force before
 * stays; a server that starts with broken ones issues and does not watch: nobody's certificate hangs on a rule.
 */
export class FollowedRules {
  readonly #paths: readonly string[];
  readonly #news: RuleNews;
  readonly #looks = new Looks(() => this.#look(), lookEveryMs);
  #set: RuleSet | undefined;
  #seen: string | undefined;
  /** Why the files are not what is in force. */
  problem: string | undefined;

  constructor(paths: readonly string[], news: RuleNews) {
    this.#paths = paths;
    this.#news = news;
  }

  /** Resolves when they are on the record. */
  start(): Promise<void> {
    return this.#looks.start();
  }

  reload(): Promise<void> {
    return this.#looks.now();
  }

  stop(): Promise<void> {
    return this.#looks.stop();
  }

  get set(): RuleSet | undefined {
    return this.#set;
  }

  async #look(): Promise<void> {
    const { log, events, logger, changed } = this.#news;
    try {
      const sources = readFiles(this.#paths);
      const text = JSON.stringify(sources);
      if (text === this.#seen) return;
      const set = provenRuleSet(sources);
      const before = this.#set;
      if (before?.id !== set.id) {
        await log.append(events.of('detection.loaded', { actor: fromFiles, change: rulesChange(set, before) }));
        this.#set = set;
        changed(set, sources);
        logger.info(`${set.rules.length} watch rules are in force`);
      }
      this.#seen = text;
      this.problem = undefined;
    } catch (thrown) {
      await this.#refused(thrown);
    }
  }

  async #refused(thrown: unknown): Promise<void> {
    const { log, events, logger } = this.#news;
    const message = thrown instanceof Error ? thrown.message.slice(0, 2_000) : String(thrown);
    if (thrown instanceof Refusal) return logger.warn('new watch rules wait for the log', { reason: message });
    if (message === this.problem) return;
    this.problem = message;
    logger.error('watch rules refused; those before them stay in force, if there were any', { reason: message });
    const event = events.of('detection.refused', {
      outcome: 'failed',
      reason: 'policy.error',
      message,
      actor: fromFiles,
    });
    // A log that cannot be written has said so already.
    await log.append(event).catch(() => undefined);
  }
}
