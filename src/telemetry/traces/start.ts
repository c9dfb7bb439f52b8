import type { Tracing, TracingOptions } from './tracing.ts';

/** OpenTelemetry is loaded here and not before: a server without tracing does not pay for it. */
export async function startTracing(options: TracingOptions): Promise<Tracing> {
  const { createTracing } = await import('./provider.ts');
  return createTracing(options);
}
