import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nearest } from '#document/nearest.ts';
import { formatDuration, parseByteSize, parseDuration } from '#document/scalars.ts';

const durations_valid: readonly [string, number][] = [
  ['0s', 0],
  ['90s', 90],
  ['10m', 600],
  ['1h', 3600],
  ['7d', 604_800],
];
const durations_invalid = ['', '1', 'h', '1.5h', '-1h', '1h30m', '01h', '1 h', '1H', '1w', '9999999999s', '1h\n'];

describe('a duration', () => {
  it.each(durations_valid)('%s is %d seconds', (text, seconds) => expect(parseDuration(text)).toBe(seconds));
  it.each(durations_invalid)('%j is none', (text) => expect(() => parseDuration(text)).toThrow(RangeError));
  it('written out reads back as the same seconds', () => {
    fc.assert(fc.property(fc.nat(999_999_999), (n) => parseDuration(formatDuration(n)) === n));
  });
});

describe('a size', () => {
  it.each([
    ['512B', 512],
    ['2KiB', 2048],
    ['64MiB', 67_108_864],
  ])('%s is %d octets', (text, octets) => expect(parseByteSize(text)).toBe(octets));
  it.each(['2KB', '2', '2 KiB', '0x2B'])('%j is none', (text) => expect(() => parseByteSize(text)).toThrow(RangeError));
});

describe('the nearest word', () => {
  const words = ['allow', 'deny', 'default', 'max', 'min', 'priority'];
  it.each([
    ['alow', 'allow'],
    ['dney', 'deny'],
    ['defualt', 'default'],
    ['Priority', 'priority'],
    ['mox', 'max'],
    ['prioirty', 'priority'],
  ])('to %s is %s', (slip, word) => expect(nearest(slip, words)).toBe(word));
  it('is none when nothing is near', () => expect(nearest('zebra', words)).toBeUndefined());
});
