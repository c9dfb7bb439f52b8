import { describe, expect, it } from 'vitest';
import { parseTimeout, readHeaders } from '#doors/istio/headers.ts';

describe('grpc-timeout', () => {
  it.each([
    ['1H', 3_600_000],
    ['2M', 120_000],
    ['3S', 3000],
    ['40m', 40],
    ['500u', 0.5],
    ['99999999n', 99.999999],
  ])('%s', (text, ms) => {
    expect(parseTimeout(text)).toBeCloseTo(ms, 6);
  });

  it.each(['', '1', 'S', '1s', '-1S', '1.5S', '123456789S', ' 1S', '1S ', '1toString'])('"%s" is none', (text) => {
    expect(parseTimeout(text)).toBeUndefined();
  });
});

describe('request headers', () => {
  it('Istio 29, 37: every authorization and clusterid value is kept apart and in order', () => {
    const raw = ['authorization', 'a', 'clusterid', '1', 'authorization', 'b, c', 'clusterid', '2'];
    expect(readHeaders(raw)).toMatchObject({ authorization: ['a', 'b, c'], clusterId: ['1', '2'] });
  });

  it('an overlong traceparent is dropped', () => {
    expect(readHeaders(['traceparent', 'x'.repeat(129)]).traceparent).toBe('');
    expect(readHeaders(['traceparent', '00-a-b-01']).traceparent).toBe('00-a-b-01');
  });
});
