import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { expect, it } from 'vitest';
import { ApiCalls } from '#telemetry/api-calls.ts';
import { Metrics } from '#telemetry/metrics.ts';
import { ApiTraces } from '#telemetry/traces/api-traces.ts';
import { scrape } from './scrape.ts';

const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const end = {
  route: 'GET /v1/records',
  status: 200,
  attempt: { id: 'one', traceparent },
  startedAt: Date.UTC(2026, 10, 21),
  totalMs: 20,
};

it('requests of the admin API are counted by route and status, those without a route too', async () => {
  const metrics = new Metrics({ clock: { now: () => 0 }, version: '1', process: false });
  const calls = new ApiCalls(metrics.registry, () => 3);
  for (const each of [end, end, { ...end, route: undefined, status: 404 }]) calls.ended(each);
  const series = await scrape(metrics);
  expect(series.get('countersign_api_requests_total{route="GET /v1/records",status="200"}')).toBe(2);
  expect(series.get('countersign_api_requests_total{route="none",status="404"}')).toBe(1);
  expect(series.get('countersign_api_request_seconds_bucket{le="0.05",route="GET /v1/records"}')).toBe(2);
  expect(series.get('countersign_api_streams')).toBe(3);
});

it('a request of the admin API is a span under the trace of whoever asked, and an error where the fault is ours', () => {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const traces = new ApiTraces(provider.getTracer('test'));
  traces.ended(end);
  traces.ended({ ...end, status: 503 });
  const [good, bad] = exporter.getFinishedSpans();
  expect(good).toMatchObject({
    name: 'GET /v1/records',
    kind: SpanKind.SERVER,
    status: { code: SpanStatusCode.UNSET },
  });
  expect(good?.spanContext().traceId).toBe('4bf92f3577b34da6a3ce929d0e0e4736');
  expect(good?.attributes).toMatchObject({ 'countersign.request.id': 'one', 'http.response.status_code': 200 });
  expect(bad?.status.code).toBe(SpanStatusCode.ERROR);
});
