import { Worker } from 'node:worker_threads';
import { type Alert, detectionOf, idOf } from '#detection/alert.ts';
import type { TextFile } from '#document/files.ts';
import type { EngineLog } from '#store/engine-log.ts';
import { DetectionMetrics } from '#telemetry/detection.ts';
import { appendAside } from '../events.ts';
import { exportsDirectory, logPlace } from '../exports/export-data.ts';
import { GrowthLooks } from '../exports/growth.ts';
import type { SharedPlaces } from '../exports/shared-places.ts';
import type { Foundation } from '../foundation.ts';
import { cursorName } from './follower.ts';
import type { DetectionData, FromDetection, Gap, Standing, ToDetection } from './messages.ts';
import { FollowedRules } from './rules.ts';

/** ms between two looks at what has been published. */
const lookMs = 250;
/** ms before a thread that ended by itself is started again. */
const againMs = 5_000;

/** Watch rules over the log, by a thread of their own: nothing that is issued waits for them. Their alerts are records. */
export class Detection {
  readonly #foundation: Foundation;
  readonly #store: EngineLog;
  readonly #rules: FollowedRules;
  readonly #metrics: DetectionMetrics;
  readonly #looks: NodeJS.Timeout;
  /** Where another replica leaves the cursor. */
  readonly #shared: SharedPlaces | undefined;
  #sources: readonly TextFile[] | undefined;
  #worker: Worker | undefined;
  #standing: Standing | undefined;
  readonly #growth: GrowthLooks;
  #again: NodeJS.Timeout | undefined;
  #closed = false;

  private constructor(
    foundation: Foundation,
    paths: readonly string[],
    store: EngineLog,
    shared: SharedPlaces | undefined,
  ) {
    const { events, logger, metrics } = foundation;
    this.#foundation = foundation;
    this.#store = store;
    this.#growth = new GrowthLooks(store, performance.now());
    this.#shared = shared;
    this.#rules = new FollowedRules(paths, {
      log: store,
      events,
      logger,
      changed: (set, sources) => {
        this.#metrics.begin(set.rules.map(({ name }) => name));
        this.#use(sources);
      },
    });
    this.#metrics = new DetectionMetrics(metrics.registry, () => ({
      problem: this.#rules.problem,
      rules: this.#rules.set?.rules.length ?? 0,
      watches: this.#standing?.elsewhere === false,
      lag: Math.max(0, (this.#standing?.covered ?? 0) - (this.#standing?.next ?? 0)),
      states: this.#standing?.rules ?? [],
    }));
    this.#looks = setInterval(() => this.#look(), lookMs).unref();
  }

  /** Resolves when the rules, in these files and folders, are on the record. */
  static async open(foundation: Foundation, paths: readonly string[], store: EngineLog): Promise<Detection> {
    const { store: settings } = foundation.config.audit;
    const shared = settings && new (await import('../exports/shared-places.ts')).SharedPlaces(settings);
    const opened = new Detection(foundation, paths, store, shared);
    await opened.#rules.start();
    return opened;
  }

  /**
   * Entries that were watched, from the first on, whichever replica does it; undefined where no rules are in force, which
   * hold nothing up. Rejects where the database is away.
   */
  async watched(): Promise<number | undefined> {
    if (this.#rules.set === undefined) return undefined;
    if (this.#standing?.elsewhere === false) return this.#standing.next;
    return (await this.#shared?.reached(cursorName)) ?? 0;
  }

  /** Looks at the files of the rules now. */
  look(): Promise<void> {
    return this.#rules.reload();
  }

  async stop(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#looks);
    clearTimeout(this.#again);
    await this.#rules.stop();
    await this.#shared?.close();
    const worker = this.#worker;
    if (worker === undefined) return;
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    this.#say({ kind: 'close' });
    await ended;
  }

  #use(sources: readonly TextFile[]): void {
    this.#sources = sources;
    if (this.#worker === undefined) this.#start(sources);
    else this.#say({ kind: 'rules', rules: sources });
  }

  #start(rules: readonly TextFile[]): void {
    const { config, logger } = this.#foundation;
    const data: DetectionData = {
      origin: this.#store.origin,
      directory: exportsDirectory(config.audit.directory),
      log: logPlace(config.audit),
      rules,
    };
    const worker = new Worker(new URL('./thread.ts', import.meta.url), { workerData: data });
    this.#worker = worker;
    this.#growth.beginAnew();
    worker.on('message', (message: FromDetection) => void this.#heard(message));
    worker.on('error', (error) => logger.error('the watch of the log has failed; it begins again', { error }));
    worker.on('exit', () => {
      this.#worker = undefined;
      if (!this.#closed) this.#again = setTimeout(() => this.#start(this.#sources ?? rules), againMs).unref();
    });
  }

  #look(): void {
    const grown = this.#growth.look(performance.now());
    if (grown !== undefined) this.#say(grown);
  }

  #say(message: ToDetection): void {
    this.#worker?.postMessage(message);
  }

  async #heard(message: FromDetection): Promise<void> {
    const { logger } = this.#foundation;
    switch (message.kind) {
      case 'alerts': {
        const { number, alerts } = message;
        try {
          await Promise.all(alerts.map((alert) => this.#record(alert)));
          this.#say({ kind: 'recorded', number });
        } catch (thrown) {
          this.#say({ kind: 'recorded', number, problem: thrown instanceof Error ? thrown.message : String(thrown) });
        }
        return;
      }
      case 'gap':
        return this.#lacks(message);
      case 'standing': {
        const before = this.#standing?.problem;
        this.#standing = message;
        if (message.problem !== undefined && message.problem !== before)
          logger.warn('the log is not watched for now; it is tried again', { reason: message.problem });
        return;
      }
      case 'closed':
    }
  }

  async #record(alert: Alert): Promise<void> {
    const { events, logger } = this.#foundation;
    const about = Object.entries(alert.by).map(([name, value]) => `${name} ${value}`);
    const message = [alert.message, ...about].join(', ');
    await this.#store.append({
      ...events.of('detection.alert', { message, detection: detectionOf(alert) }),
      id: idOf(alert, this.#store.origin),
    });
    this.#metrics.alerted(alert.rule);
    logger.warn(`watch rule ${alert.rule} alerts: ${message}`);
  }

  #lacks({ reason, rule, count }: Gap): Promise<void> {
    const { events, logger } = this.#foundation;
    const message =
      reason === 'detection.forgotten'
        ? `rule ${rule} had to forget ${count} values before their time: there was no room for more`
        : `${count} records were not seen: they are too many, or only their hashes are left`;
    logger.warn(message);
    const detection = { count, ...(rule !== undefined && { rule }) };
    const event = events.of('detection.gap', { outcome: 'failed', reason, message, detection });
    return appendAside(this.#store, event, logger, 'detection.gap');
  }
}
