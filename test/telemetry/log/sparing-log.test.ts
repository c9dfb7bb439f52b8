import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { IssuanceLog } from '#telemetry/issuance-log.ts';
import { jsonLine } from '#telemetry/log/format.ts';
import { Logger } from '#telemetry/log/logger.ts';
import { SparingLog } from '#telemetry/log/sparing-log.ts';
import { refused, request } from '../outcome.ts';

const minute = 60_000;
let lines: string[];
let sparing: SparingLog;
const parsed = () => lines.splice(0).map((line): unknown => JSON.parse(line));
const make = (level: 'debug' | 'warn' = 'debug', kinds = 500) => {
  lines = [];
  const sink = { write: (line: string) => void lines.push(line) };
  const logger = new Logger(sink, jsonLine, level, { now: () => 0 });
  sparing = new SparingLog(logger, { window: minute, kinds });
  return logger;
};
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  make();
});
afterEach(() => vi.useRealTimers());

const refuse = (peer: string, reason = 'no ALPN') =>
  sparing.log({ level: 'warn', message: 'connection refused', like: { door: 'istio', peer, code: 'alpn', reason } });

describe('a log of what strangers bring about', () => {
  it('has the first of a kind at once, and those like it as one line a minute with their number', () => {
    for (let n = 0; n < 1000; n++) refuse('192.0.2.1');
    refuse('192.0.2.2');
    const like = { level: 'warn', door: 'istio', code: 'alpn', reason: 'no ALPN' };
    expect(parsed()).toMatchObject([
      { message: 'connection refused', ...like, peer: '192.0.2.1' },
      { message: 'connection refused', ...like, peer: '192.0.2.2' },
    ]);
    vi.advanceTimersByTime(minute);
    expect(parsed()).toMatchObject([
      { message: 'connection refused, more like it', ...like, peer: '192.0.2.1', count: 999 },
    ]);
    for (let n = 0; n < 10; n++) refuse('192.0.2.1');
    expect(parsed()).toEqual([]);
    vi.advanceTimersByTime(minute);
    expect(parsed()).toMatchObject([{ count: 10 }]);
  });

  it('begins anew with a kind that was quiet for a minute, and has no timer while there is nothing to count', () => {
    refuse('192.0.2.1');
    vi.advanceTimersByTime(minute);
    expect(vi.getTimerCount()).toBe(0);
    refuse('192.0.2.1');
    expect(parsed()).toHaveLength(2);
  });

  it('counts every one exactly once, however many kinds there are, in a bounded number of lines', () => {
    make('debug', 10);
    for (let n = 0; n < 5000; n++) {
      refuse(`192.0.2.${n % 100}`);
      if (n % 1000 === 999) vi.advanceTimersByTime(minute);
    }
    sparing.close();
    const counts = parsed().map((line) => Number(Object(line).count ?? 1));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(5000);
    expect(counts.length).toBeLessThanOrEqual(10 + 5 * 11);
  });

  it('says at its end what it has counted', () => {
    for (let n = 0; n < 3; n++) refuse('192.0.2.1');
    sparing.close();
    expect(parsed()).toMatchObject([{}, { count: 2 }]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('costs nothing below its level', () => {
    make('warn');
    let made = 0;
    const own = () => {
      made++;
      return {};
    };
    sparing.log({ level: 'info', message: 'x', like: {}, own });
    sparing.log({ level: 'warn', message: 'x', like: {}, own });
    sparing.log({ level: 'warn', message: 'x', like: {}, own });
    expect(made).toBe(1);
    expect(lines).toHaveLength(1);
  });
});

describe('a flood of refusals', () => {
  it('is one line for each reason of each caller, whole and with the request id, and one a minute for the rest', () => {
    const log = new IssuanceLog(make(), sparing);
    for (let n = 0; n < 5000; n++) log.ended(request, refused('authn.failed', 1, 'it has expired'));
    log.ended(request, refused('authn.failed', 1, 'it is empty'));
    vi.advanceTimersByTime(minute);
    expect(parsed()).toMatchObject([
      { message: 'refused', request: request.id, reason: 'it has expired', peer: '192.0.2.7' },
      { message: 'refused', request: request.id, reason: 'it is empty' },
      {
        message: 'refused, more like it',
        code: 'authn.failed',
        reason: 'it has expired',
        peer: '192.0.2.7',
        count: 4999,
      },
    ]);
  });
});
