import { Counter } from 'prom-client';
import type { RequestObserver } from '#doors/kubernetes/answered-requests.ts';
import type { EventPoster } from '#kubernetes/event-poster.ts';
import type { Foundation } from '../foundation.ts';

/** Who hears how requests end: the metrics, the log, and people who look at the object. */
export class Observers {
  readonly #foundation: Foundation;
  readonly #poster: EventPoster;
  readonly #ends: Counter<'kind' | 'outcome'>;

  constructor(foundation: Foundation, poster: EventPoster) {
    this.#foundation = foundation;
    this.#poster = poster;
    this.#ends = new Counter({
      name: 'countersign_cluster_requests_total',
      help: 'Objects that ask for a certificate, by kind and outcome: approved by policy, issued, refused, left alone, failed and tried again.',
      labelNames: ['kind', 'outcome'],
      registers: [foundation.metrics.registry],
    });
  }

  of(kind: string): RequestObserver {
    for (const outcome of ['approved', 'issued', 'refused', 'left', 'failed']) this.#ends.inc({ kind, outcome }, 0);
    const { logger } = this.#foundation;
    return {
      ended: (outcome) => this.#ends.inc({ kind, outcome }),
      told: (level, reason) => logger.log(level, 'requests of the cluster', { component: kind, reason }),
      announced: (about, event) => this.#poster.post(about, event),
    };
  }
}
