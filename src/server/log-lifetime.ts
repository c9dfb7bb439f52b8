import { Gauge } from 'prom-client';
import type { AuditLog } from '#issuance/ports.ts';
import { appendAside } from './events.ts';
import type { Foundation } from './foundation.ts';

const message =
  'the log is kept only as long as this pod: mount a volume as the home and write audit into its countersign.yaml for it to last';

/** A log that goes with its pod is told of wherever somebody may look: it is half of what a log is for. */
export function tellLifetime({ config, events, logger, metrics }: Foundation, log: AuditLog): void {
  const passes = config.audit.lifetime === 'passing' && config.audit.store === undefined;
  new Gauge({
    name: 'countersign_audit_log_passing',
    help: 'Whether the log is kept only as long as this pod: 1, or 0.',
    registers: [metrics.registry],
  }).set(passes ? 1 : 0);
  if (!passes) return;
  logger.warn(message, { reason: config.audit.directory });
  const degraded = { outcome: 'failed', reason: 'log.unavailable', message } as const;
  void appendAside(log, events.of('service.degraded', degraded), logger, 'service.degraded');
}
