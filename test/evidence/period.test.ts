import { describe, expect, it } from 'vitest';
import { readPeriod } from '#evidence/period.ts';

const now = Date.parse('2026-11-22T12:00:00Z');
const read = (text: string) => {
  const { name, since, until } = readPeriod(text, now);
  return [name, new Date(since).toISOString().slice(0, 10), new Date(until).toISOString().slice(0, 10)];
};

describe('a period', () => {
  it.each([
    ['2026', '2026', '2026-01-01', '2027-01-01'],
    ['2026-Q3', '2026-Q3', '2026-07-01', '2026-10-01'],
    ['2026-q4', '2026-Q4', '2026-10-01', '2027-01-01'],
    ['2024-02', '2024-02', '2024-02-01', '2024-03-01'],
    ['2024-02-29', '2024-02-29', '2024-02-29', '2024-03-01'],
    ['2025-12-31', '2025-12-31', '2025-12-31', '2026-01-01'],
    ['2026-07-01..2026-09-30', '2026-07-01..2026-09-30', '2026-07-01', '2026-10-01'],
    ['2025-Q4..2026-Q1', '2025-Q4..2026-Q1', '2025-10-01', '2026-04-01'],
  ])('%s is in UTC, its end not included', (text, ...expected) => {
    expect(read(text)).toEqual(expected);
  });

  it.each([
    ['Q1', '2026-Q1'],
    ['Q3', '2026-Q3'],
    ['Q4', '2026-Q4'],
  ])('%s without a year is the newest that has begun', (text, name) => {
    expect(read(text)[0]).toBe(name);
  });

  it('a quarter of this year that has not begun is that of the last', () => {
    expect(readPeriod('Q2', Date.parse('2026-03-31T23:59:59Z')).name).toBe('2025-Q2');
  });

  it.each([
    '',
    'Q5',
    '2026-13',
    '2026-00',
    '2026-02-30',
    '2026-06-31',
    'yesterday',
    '2026-09-30..2026-07-01',
    '1..2..3',
  ])('%j is none, and says what would be one', (text) => {
    expect(() => read(text)).toThrow(/give a quarter \(Q3/);
  });

  it.each(['2027', '2026-12', '2026-11-23'])('%s has not begun', (text) => {
    expect(() => read(text)).toThrow('has not begun yet');
  });
});
