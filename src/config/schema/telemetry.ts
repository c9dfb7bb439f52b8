import { oneOf, optional, optionalSection, section, share, text } from './field.ts';

export const telemetry = optionalSection('What the server tells about itself', {
  logs: optionalSection('Log lines on standard error', {
    format: oneOf('auto: text in a terminal, JSON elsewhere', ['auto', 'json', 'text'], { default: 'auto' }),
    level: oneOf('Least level that is written; debug names every certificate', ['debug', 'info', 'warn', 'error'], {
      default: 'info',
    }),
  }),
  tracing: optional(
    section('OpenTelemetry traces; left out, nothing of it is loaded', {
      otlp: section('Where spans go', { endpoint: text('URL of an OTLP/HTTP collector, ending in /v1/traces') }),
      sampleRatio: share(
        'Part of the requests traced, where the caller has not decided',
        { minimum: 0, maximum: 1 },
        { default: 0.01 },
      ),
    }),
  ),
});
