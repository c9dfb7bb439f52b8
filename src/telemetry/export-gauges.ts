import { Counter, Gauge, type Registry } from 'prom-client';

/** How one sink of the exports stands. */
export interface SinkState {
  readonly sink: string;
  /** Entries under a published checkpoint that the sink does not have, and the age of the oldest, ms. */
  readonly lag: number;
  readonly lagMs: number;
  readonly delivered: number;
  readonly refused: number;
  readonly failures: number;
}

/** The sinks that this server delivers to; `read` answers from memory. */
export function watchExports(registry: Registry, read: () => readonly SinkState[]): void {
  const gauge = (name: string, help: string, pick: (state: SinkState) => number) =>
    new Gauge({
      ...named(name, help, registry),
      collect() {
        this.reset();
        for (const state of read()) this.set({ sink: state.sink }, pick(state));
      },
    });
  const counter = (name: string, help: string, pick: (state: SinkState) => number) =>
    new Counter({
      ...named(name, help, registry),
      collect() {
        this.reset();
        for (const state of read()) this.inc({ sink: state.sink }, pick(state));
      },
    });
  gauge('lag_entries', 'Published entries that a sink does not have yet.', ({ lag }) => lag);
  gauge('lag_seconds', 'Age of the oldest published entry that a sink does not have.', ({ lagMs }) => lagMs / 1000);
  counter('delivered_total', 'Rows that a sink has acknowledged.', ({ delivered }) => delivered);
  counter('refused_total', 'Rows that a sink will never take; they lie in its file of dead letters.', (s) => s.refused);
  counter('failures_total', 'Attempts to deliver that failed and are made again.', ({ failures }) => failures);
}

const named = (name: string, help: string, registry: Registry) => ({
  name: `countersign_export_${name}`,
  help,
  labelNames: ['sink'] as const,
  registers: [registry],
});
