import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** The end of one request of the admin API. */
export interface ApiEnd {
  /** As the table of routes has it; undefined where none was found. */
  readonly route: string | undefined;
  readonly status: number;
  readonly attempt: { readonly id: string; readonly traceparent?: string };
  /** ms since the epoch. */
  readonly startedAt: number;
  readonly totalMs: number;
}

/** s. */
const buckets = [0.01, 0.05, 0.25, 1, 5, 30];

/** What the admin API was asked, by route and status: never by whom, which the log has. */
export class ApiCalls {
  readonly #answered: Counter<'route' | 'status'>;
  readonly #seconds: Histogram<'route'>;

  /** `streams` answers from memory. */
  constructor(registry: Registry, streams: () => number) {
    const registers = [registry];
    this.#answered = new Counter({
      name: 'countersign_api_requests_total',
      help: 'Requests of the admin API that have ended, by route and HTTP status.',
      labelNames: ['route', 'status'],
      registers,
    });
    this.#seconds = new Histogram({
      name: 'countersign_api_request_seconds',
      help: 'How long an answer of the admin API took, until its last octet was handed over; of a stream, its length.',
      labelNames: ['route'],
      buckets,
      registers,
    });
    new Gauge({
      name: 'countersign_api_streams',
      help: 'Streams of new records that are open.',
      registers,
      collect() {
        this.set(streams());
      },
    });
  }

  ended({ route = 'none', status, totalMs }: ApiEnd): void {
    this.#answered.inc({ route, status });
    this.#seconds.observe({ route }, totalMs / 1000);
  }
}
