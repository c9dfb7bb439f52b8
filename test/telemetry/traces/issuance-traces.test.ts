import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import {
  AlwaysOffSampler,
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { describe, expect, it } from 'vitest';
import { IssuanceTraces } from '#telemetry/traces/issuance-traces.ts';
import { issued, refused, request } from '../outcome.ts';

function traced(options: ConstructorParameters<typeof BasicTracerProvider>[0] = {}) {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ ...options, spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const traces = new IssuanceTraces(provider.getTracer('test'));
  return { traces, spans: () => exporter.getFinishedSpans() };
}

/** ms since the epoch, in whole µs. */
const ms = ([seconds, nanoseconds]: readonly [number, number]) => seconds * 1000 + nanoseconds / 1e6;

describe('the trace of a request', () => {
  it('has one span per stage, one after the other, inside that of the call', () => {
    const { traces, spans } = traced();
    traces.ended(request, issued);
    const root = spans().find(({ name }) => name === 'CreateCertificate');
    const stages = spans().filter((span) => span !== root);
    expect(root?.kind).toBe(SpanKind.SERVER);
    expect(stages.map(({ name }) => name)).toEqual(['authn', 'csr', 'policy', 'lint', 'sign', 'append']);
    const begin = issued.startedAt;
    expect(stages.map(({ startTime }) => Math.round((ms(startTime) - begin) * 1000))).toEqual([
      0, 500, 700, 720, 730, 1030,
    ]);
    expect(root && ms(root.endTime) - ms(root.startTime)).toBe(4);
    for (const stage of stages) {
      expect(stage.parentSpanContext?.spanId).toBe(root?.spanContext().spanId);
      expect(stage.spanContext().traceId).toBe(root?.spanContext().traceId);
    }
  });

  it('goes on from the trace of the caller', () => {
    const { traces, spans } = traced();
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    traces.ended({ ...request, traceparent }, issued);
    const root = spans().find(({ name }) => name === 'CreateCertificate');
    expect(root?.spanContext().traceId).toBe('4bf92f3577b34da6a3ce929d0e0e4736');
    expect(root?.parentSpanContext).toMatchObject({ spanId: '00f067aa0ba902b7', isRemote: true });
  });

  it('says what came of it, under the request id of the log', () => {
    const { traces, spans } = traced();
    traces.ended(request, issued);
    expect(spans().at(-1)?.attributes).toEqual({
      'countersign.door': 'istio',
      'countersign.request.id': request.id,
      'countersign.identity': 'spiffe://cluster.local/ns/demo/sa/web',
      'countersign.policy': 'istio',
      'countersign.serial': '0a0b0c',
      'countersign.log.index': 41,
    });
  });

  it('is an error when we failed, and none when the request was refused with right', () => {
    const { traces, spans } = traced();
    traces.ended(request, refused('log.unavailable'));
    expect(spans().at(-1)?.status).toEqual({ code: SpanStatusCode.ERROR, message: 'log.unavailable' });
    traces.ended(request, refused('csr.san'));
    expect(spans().at(-1)?.status).toEqual({ code: SpanStatusCode.UNSET });
    expect(spans().at(-1)?.attributes).toMatchObject({ 'countersign.refusal': 'csr.san' });
  });

  it('has no span for a stage that did not run, and none at all when it is not sampled', () => {
    const some = traced();
    some.traces.ended(request, refused('csr.san', 2));
    expect(some.spans().map(({ name }) => name)).toEqual(['authn', 'csr', 'CreateCertificate']);
    const none = traced({ sampler: new AlwaysOffSampler() });
    none.traces.ended(request, issued);
    expect(none.spans()).toEqual([]);
  });
});
