import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AuditEvent, eventTypes } from '#audit/event.ts';
import { leafHash } from '#audit/merkle.ts';
import { type FormatName, formatNames, formats } from '#export/formats.ts';
import { bareEvent, exported, fullEvent } from './sample.ts';

const outcomes = ['success', 'denied', 'failed'] as const;
/** Formats whose rows have the whole record in them. */
const whole: readonly FormatName[] = ['jsonl', 'otlp', 'otlp-proto'];
const rowOf = (name: FormatName, event: AuditEvent) => Buffer.from(formats[name].row(exported(event)));

describe.each(formatNames)('%s', (name) => {
  it('has a row for every type of record, whatever its end, which names the record', () => {
    for (const type of eventTypes)
      for (const outcome of outcomes)
        for (const event of [bareEvent(type, outcome), fullEvent(type, outcome, 'x')]) {
          if (!formats[name].takes(exported(event).entry)) continue;
          expect({ type, row: rowOf(name, event).includes(event.id) }).toEqual({ type, row: true });
        }
  });

  it('writes the same record in the same octets', () => {
    const event = fullEvent('certificate.issued', 'success', 'x');
    expect(rowOf(name, event).equals(rowOf(name, event))).toBe(true);
  });

  it('holds the certificate itself where it holds the whole record, and nowhere else', () => {
    const event = { ...fullEvent('certificate.issued', 'success', 'x'), certificateDer: 'Y2FuYXJ5Y2FuYXJ5' };
    expect(rowOf(name, event).includes('Y2FuYXJ5Y2FuYXJ5')).toBe(whole.includes(name));
  });
});

const lines = formatNames.filter((name) => ['jsonl', 'ocsf', 'ecs', 'cef', 'otlp'].includes(name));
describe.each(lines)('%s', (name) => {
  it('no text of a record begins another line, or is no UTF-8', () => {
    const count = (event: AuditEvent) => rowOf(name, event).toString().split('\n').length;
    const usual = count(fullEvent('certificate.denied', 'denied', 'x'));
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 30 }), (text) => {
        const event = fullEvent('certificate.denied', 'denied', text);
        expect(count(event)).toBe(usual);
        expect(rowOf(name, event).toString().includes('\uFFFD')).toBe(text.includes('\uFFFD'));
      }),
    );
  });
});

describe('jsonl', () => {
  it('A-30: the line less its newline hashes to the leaf', () => {
    const record = exported(fullEvent('certificate.issued', 'success', '€\u{1f511}'));
    expect(leafHash(formats.jsonl.row(record).subarray(0, -1))).toEqual(record.leafHash);
  });
});

it('lone surrogates never come as far as an export: no record holds them', () => {
  expect(() => exported(fullEvent('certificate.denied', 'denied', '\ud800'))).toThrow(TypeError);
});
