import { describe, expect, it } from 'vitest';
import { parseGoDuration } from '#document/go-duration.ts';

describe("Go's lengths of time", () => {
  it.each([
    ['0', 0],
    ['1h', 3600],
    ['1h30m', 5400],
    ['1.5h', 5400],
    ['.5m', 30],
    ['90s', 90],
    ['1500ms', 1.5],
    ['-1m', -60],
    ['+1m', 60],
    ['2us', 2e-6],
    ['1µs', 1e-6],
    ['3ns', 3e-9],
  ])('%s is %d s', (text, seconds) => {
    expect(parseGoDuration(text)).toBeCloseTo(seconds, 12);
  });

  it.each(['', '-', '1', '1d', 'h', '1h ', ' 1h', '1h30', '1,5h', '.h', '1e3s'])('%j is none', (text) => {
    expect(parseGoDuration(text)).toBeUndefined();
  });
});
