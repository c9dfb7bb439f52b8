import { Counter, Gauge, type Registry } from 'prom-client';

/** How dropping the bodies of the log goes. */
export interface RetentionMetrics {
  dropped(bodies: number): void;
  failing(is: boolean): void;
}

/** Metrics of `audit.retention`; there are none without it. */
export function watchRetention(registry: Registry): RetentionMetrics {
  const bodies = new Counter({
    name: 'countersign_log_retention_dropped_total',
    help: 'Bodies of the log that were dropped since the start.',
    registers: [registry],
  });
  const failing = new Gauge({
    name: 'countersign_log_retention_failing',
    help: '1 while bodies of the log that are due cannot be dropped.',
    registers: [registry],
  });
  failing.set(0);
  return { dropped: (count) => bodies.inc(count), failing: (is) => failing.set(Number(is)) };
}
