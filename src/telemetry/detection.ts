import { Counter, Gauge, type Registry } from 'prom-client';

/** How the watch of the log stands. */
export interface DetectionState {
  /** Why the files of the rules are not what is in force. */
  readonly problem: string | undefined;
  readonly rules: number;
  /** Whether it is this replica that watches. */
  readonly watches: boolean;
  /** Published entries that the rules have not seen yet. */
  readonly lag: number;
  readonly states: readonly { readonly rule: string; readonly forgotten: number }[];
}

/** What watch rules have found; `read` answers from memory. */
export class DetectionMetrics {
  readonly #alerts: Counter<'rule'>;

  constructor(registry: Registry, read: () => DetectionState) {
    this.#alerts = new Counter({
      name: 'countersign_detection_alerts_total',
      help: 'Alerts of watch rules that were recorded.',
      labelNames: ['rule'],
      registers: [registry],
    });
    const gauge = (name: string, help: string, pick: (state: DetectionState) => number) =>
      new Gauge({
        name: `countersign_detection_${name}`,
        help,
        registers: [registry],
        collect() {
          this.set(pick(read()));
        },
      });
    gauge('rules', 'Watch rules in force.', ({ rules }) => rules);
    gauge('rules_refused', '1 while the files of the watch rules cannot be used as they are.', ({ problem }) =>
      problem === undefined ? 0 : 1,
    );
    gauge(
      'lag_entries',
      'Published entries that the watch rules have not seen yet, on the replica that watches.',
      (s) => (s.watches ? s.lag : 0),
    );
    new Gauge({
      name: 'countersign_detection_forgotten',
      help: 'What a watch rule had to forget before its time, since the watch began.',
      labelNames: ['rule'],
      registers: [registry],
      collect() {
        this.reset();
        for (const { rule, forgotten } of read().states) this.set({ rule }, forgotten);
      },
    });
  }

  /** These can alert from now on. */
  begin(rules: readonly string[]): void {
    for (const rule of rules) this.#alerts.inc({ rule }, 0);
  }

  alerted(rule: string): void {
    this.#alerts.inc({ rule });
  }
}
