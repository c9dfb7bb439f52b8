import { Gauge, type Registry } from 'prom-client';
import type { Health } from './health.ts';

/** Readiness for those who alert: what a probe asks, by the name of each check. */
export function watchHealth(registry: Registry, health: Health): void {
  new Gauge({
    name: 'countersign_ready',
    help: 'Whether this server is ready for work: 1, or 0.',
    registers: [registry],
    collect() {
      this.set(health.readiness().ok ? 1 : 0);
    },
  });
  new Gauge({
    name: 'countersign_check_passing',
    help: 'Whether a part says that it can do its work: 1, or 0; readiness is all of them.',
    labelNames: ['check'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { name, ok } of health.readiness().checks) this.set({ check: name }, ok ? 1 : 0);
    },
  });
}
