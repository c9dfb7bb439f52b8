import { SpanKind, SpanStatusCode, type Tracer } from '@opentelemetry/api';
import type { ApiEnd } from '../api-calls.ts';
import { hrTime, parentOf } from './span-context.ts';

/** One span for each request of the admin API, made after it ended. Nothing of what was asked for is in it. */
export class ApiTraces {
  readonly #tracer: Tracer;

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  ended({ route, status, attempt, startedAt, totalMs }: ApiEnd): void {
    const options = { kind: SpanKind.SERVER, startTime: hrTime(startedAt) };
    const span = this.#tracer.startSpan(route ?? 'admin API', options, parentOf(attempt));
    span.setAttributes({
      'countersign.door': 'admin',
      'countersign.request.id': attempt.id,
      'http.response.status_code': status,
    });
    if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end(hrTime(startedAt + totalMs));
  }
}
