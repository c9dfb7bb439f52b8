import { DiagLogLevel, diag } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base';
import { ApiTraces } from './api-traces.ts';
import { IssuanceTraces } from './issuance-traces.ts';
import type { Tracing, TracingOptions } from './tracing.ts';

/** Spans; beyond it the processor drops. */
const maxQueueSize = 2048;
const maxExportBatchSize = 512;
/** ms. */
const scheduledDelayMillis = 1000;
const exportTimeoutMillis = 5000;
const concurrencyLimit = 2;

/** The only file that loads the SDK. Credentials for a collector come from OTEL_EXPORTER_OTLP_HEADERS, as everywhere. */
export function createTracing({ endpoint, sampleRatio, version, instance, problem }: TracingOptions): Tracing {
  const tell = (message: string) => problem(message);
  diag.setLogger(
    { error: tell, warn: tell, info: ignore, debug: ignore, verbose: ignore },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
  const exporter = new OTLPTraceExporter({ url: endpoint, timeoutMillis: exportTimeoutMillis, concurrencyLimit });
  const batches = { maxQueueSize, maxExportBatchSize, scheduledDelayMillis, exportTimeoutMillis };
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({
      'service.name': 'countersign',
      'service.version': version,
      'service.instance.id': instance,
    }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(sampleRatio) }),
    spanProcessors: [new BatchSpanProcessor(exporter, batches)],
  });
  const tracer = provider.getTracer('countersign', version);
  return {
    observer: new IssuanceTraces(tracer),
    api: new ApiTraces(tracer),
    // spans that cannot be delivered are no reason to end badly
    stop: () => provider.shutdown().catch((thrown: unknown) => tell(`spans are lost: ${String(thrown)}`)),
  };
}

function ignore(): void {}
