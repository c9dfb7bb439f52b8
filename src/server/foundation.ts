import { uuidSource } from '#audit/uuid.ts';
import type { ServerConfig } from '#config/server-config.ts';
import type { Clock } from '#issuance/ports.ts';
import { Health } from '#telemetry/health.ts';
import { watchHealth } from '#telemetry/health-gauges.ts';
import { type Logger, standardErrorLogger } from '#telemetry/log/logger.ts';
import { SparingLog } from '#telemetry/log/sparing-log.ts';
import { Metrics } from '#telemetry/metrics.ts';
import { serialNumbers } from '#x509/profile/serial.ts';
import { Events } from './events.ts';
import { type Instance, serialOctet, thisInstance } from './instance.ts';
import { SystemEntropy, systemClock } from './system.ts';

/** What every part of the server stands on. */
export interface Foundation {
  readonly config: ServerConfig;
  readonly clock: Clock;
  readonly instance: Instance;
  /** New UUIDv7s. */
  readonly ids: () => string;
  readonly serials: () => Uint8Array;
  readonly events: Events;
  readonly logger: Logger;
  /** For lines that strangers bring about. */
  readonly sparing: SparingLog;
  readonly health: Health;
  readonly metrics: Metrics;
}

export function layFoundation(config: ServerConfig): Foundation {
  const clock = systemClock;
  const entropy = new SystemEntropy();
  const instance = thisInstance(config.instance.name);
  const ids = uuidSource(
    () => clock.now(),
    (length) => entropy.bytes(length),
  );
  const health = new Health(clock);
  const metrics = new Metrics({ clock, version: instance.version, istioCsr: config.istio.dialect === 'istio-csr' });
  watchHealth(metrics.registry, health);
  const logger = standardErrorLogger({ ...config.telemetry.logs, clock });
  return {
    config,
    clock,
    instance,
    ids,
    serials: serialNumbers(entropy, serialOctet(instance.name)),
    events: new Events(ids, { ...instance }),
    logger,
    sparing: new SparingLog(logger),
    health,
    metrics,
  };
}
