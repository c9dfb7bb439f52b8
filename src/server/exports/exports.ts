import { Worker } from 'node:worker_threads';
import type { News, Standing } from '#sinks/news.ts';
import type { EngineLog } from '#store/engine-log.ts';
import { watchExports } from '#telemetry/export-gauges.ts';
import { appendAside } from '../events.ts';
import type { Foundation } from '../foundation.ts';
import { exportData } from './export-data.ts';
import { GrowthLooks } from './growth.ts';
import type { FromExports, ToExports } from './messages.ts';
import { recordOf } from './record-of.ts';
import type { SharedPlaces } from './shared-places.ts';

/** ms between two looks at what has been published. */
const lookMs = 250;
/** ms before a thread that ended by itself is started again. */
const againMs = 5_000;

/**
 * The sinks of the configuration, brought what is published by a thread of their own: nothing here waits for a sink, and
 * nothing that is issued waits for this.
 */
export class Exports {
  readonly #foundation: Foundation;
  readonly #store: EngineLog;
  readonly #standing = new Map<string, Standing>();
  readonly #looks: NodeJS.Timeout;
  /** Where other replicas leave their cursors. */
  readonly #shared: SharedPlaces | undefined;
  #worker: Worker | undefined;
  readonly #growth: GrowthLooks;
  #again: NodeJS.Timeout | undefined;
  #closed = false;

  private constructor(foundation: Foundation, store: EngineLog, shared: SharedPlaces | undefined) {
    this.#foundation = foundation;
    this.#store = store;
    this.#growth = new GrowthLooks(store, performance.now());
    this.#shared = shared;
    watchExports(foundation.metrics.registry, () =>
      [...this.#standing.values()]
        .filter(({ elsewhere }) => !elsewhere)
        .map((standing) => ({ ...standing, lag: Math.max(0, standing.covered - standing.next) })),
    );
    this.#start();
    this.#looks = setInterval(() => this.#look(), lookMs).unref();
  }

  static async open(foundation: Foundation, store: EngineLog): Promise<Exports> {
    const { store: settings } = foundation.config.audit;
    const shared = settings && new (await import('./shared-places.ts')).SharedPlaces(settings);
    return new Exports(foundation, store, shared);
  }

  /** Entries that every sink has, from the first on, whichever replica brings them. Rejects where the database is away. */
  async delivered(): Promise<number> {
    const names = this.#foundation.config.exports.map(({ name }) => name);
    return Math.min(...(await Promise.all(names.map((name) => this.#reached(name)))));
  }

  async #reached(sink: string): Promise<number> {
    const standing = this.#standing.get(sink);
    if (standing?.elsewhere === false) return standing.next;
    return (await this.#shared?.reached(sink)) ?? 0;
  }

  /** What was under way is called off, and sent again at the next start. */
  async stop(): Promise<void> {
    this.#closed = true;
    await this.#shared?.close();
    clearInterval(this.#looks);
    clearTimeout(this.#again);
    const worker = this.#worker;
    if (worker === undefined) return;
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    this.#say({ kind: 'close' });
    await ended;
  }

  #start(): void {
    const { config, logger } = this.#foundation;
    const worker = new Worker(new URL('./thread.ts', import.meta.url), {
      workerData: exportData(config, this.#store.origin),
    });
    this.#worker = worker;
    this.#growth.beginAnew();
    worker.on('message', (message: FromExports) => {
      if (message.kind === 'news') this.#heard(message.news);
    });
    worker.on('error', (error) => logger.error('the exports have failed; they begin again', { error }));
    worker.on('exit', () => {
      this.#worker = undefined;
      if (!this.#closed) this.#again = setTimeout(() => this.#start(), againMs).unref();
    });
  }

  #look(): void {
    const grown = this.#growth.look(performance.now());
    if (grown !== undefined) this.#say(grown);
  }

  #say(message: ToExports): void {
    this.#worker?.postMessage(message);
  }

  #heard(news: News): void {
    const { events, logger } = this.#foundation;
    if (news.kind === 'standing') {
      const before = this.#standing.get(news.sink)?.problem;
      this.#standing.set(news.sink, news);
      if (news.problem === before) return;
      if (news.problem === undefined) logger.info('a sink takes records again', { sink: news.sink });
      else logger.warn('a sink does not take records; they wait', { sink: news.sink, reason: news.problem });
      return;
    }
    const event = recordOf(events, news);
    void appendAside(this.#store, event, logger, event.type);
  }
}
