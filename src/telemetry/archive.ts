import { Counter, Gauge, type Registry } from 'prom-client';

/** How far the archive of the log is behind, asked at each scrape. */
export interface ArchiveLag {
  lagRecords(): number;
  lagSeconds(): number;
}

/** Metrics of the archive; there are none without one. */
export function watchArchive(registry: Registry, lag: ArchiveLag): { failed(): void } {
  new Gauge({
    name: 'countersign_log_archive_lag_records',
    help: 'Published records in full bundles that do not stand in the archive yet.',
    registers: [registry],
    collect() {
      this.set(lag.lagRecords());
    },
  });
  new Gauge({
    name: 'countersign_log_archive_lag_seconds',
    help: 'Since when the archive has not taken what there is for it; 0 where it has everything.',
    registers: [registry],
    collect() {
      this.set(lag.lagSeconds());
    },
  });
  const failures = new Counter({
    name: 'countersign_log_archive_failures_total',
    help: 'Copies into the archive that failed, and are tried again.',
    registers: [registry],
  });
  return { failed: () => failures.inc() };
}
