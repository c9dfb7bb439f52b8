import { startTracing } from '#telemetry/traces/start.ts';
import type { Foundation } from './foundation.ts';

/** Nothing of OpenTelemetry is loaded unless it is configured. */
export async function openTraces({ config, instance, logger }: Foundation) {
  if (config.telemetry.tracing === undefined) return undefined;
  return startTracing({
    ...config.telemetry.tracing,
    version: instance.version,
    instance: instance.name,
    problem: (reason) => logger.warn('traces', { reason }),
  });
}
