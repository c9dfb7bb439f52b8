import { describe, expect, it } from 'vitest';
import { canonicalConfig } from '#config/canonical.ts';
import { parseConfig } from '#config/load.ts';
import { minimal } from './minimal.ts';

const record = (text: string) => parseConfig(text, '/c.yaml').record;

describe('the configuration in the record', () => {
  it('A-7: is whole: what was left out stands there with its default', () => {
    expect(record(minimal)).toMatchObject({
      trustDomain: 'cluster.local',
      istio: { limits: { callTimeout: '10s', maxRequestBytes: '64KiB' } },
      audit: { maxSkew: '10s', includeCertificate: true },
    });
  });

  it('holds no number that the encoding of the log has no form for', () => {
    expect(record(minimal)).toMatchObject({
      istio: { serving: { renewAt: '0.5' }, limits: { maxConnections: 20_000 } },
    });
  });

  it('A-7: names where a secret is, and masks what may be one in a URL', () => {
    expect(
      record(
        `${minimal}telemetry: { tracing: { otlp: { endpoint: "https://otel.example.org/v1/traces?key=CANARY" } } }\n`,
      ),
    ).toMatchObject({ telemetry: { tracing: { otlp: { endpoint: 'https://otel.example.org/v1/traces?[masked]' } } } });
  });

  it('is the same for the same meaning, whatever the order and the comments', () => {
    const lines = minimal.trimEnd().split('\n');
    const other = [...lines.slice(3, 5), '# why', ...lines.slice(0, 3), ...lines.slice(5)].join('\n');
    expect(record(other)).toEqual(record(minimal));
  });

  it.each([[null], [undefined], [() => 0]])('has no form for %s', (value) => {
    expect(() => canonicalConfig({ value })).toThrow('a configuration holds no');
  });
});
