import { hash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redactableFields, withhold } from '#audit/disclosure.ts';
import { type AuditEvent, eventTypes } from '#audit/event.ts';
import { leafHash } from '#audit/merkle.ts';
import { formatNames, type RowFormatName, rowFormatNames } from '#export/format-names.ts';
import { formats as allFormats } from '#export/formats.ts';
import { rowFormats as formats } from '#export/row-formats.ts';
import { bareEvent, exported, fullEvent } from './sample.ts';

const outcomes = ['success', 'denied', 'failed'] as const;
/** Formats whose rows have the whole record in them. */
const whole: readonly RowFormatName[] = ['jsonl', 'otlp', 'otlp-proto'];
const rowOf = (name: RowFormatName, event: AuditEvent) => Buffer.from(formats[name].row(exported(event)));

describe.each(rowFormatNames)('%s', (name) => {
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

  it('leaves out a value that is kept beside the log, and has what commits to it where it holds the whole record', () => {
    const address = '203.0.113.99';
    const plain = { ...fullEvent('certificate.issued', 'success', 'x'), peer: { ip: address, port: 4_000 } };
    const { event, disclosures } = withhold(plain, redactableFields);
    expect(disclosures.map(({ field }) => field)).toEqual(redactableFields);
    const row = rowOf(name, event);
    expect(rowOf(name, plain).includes(address)).toBe(true);
    expect(row.includes(address) || row.includes('[object')).toBe(false);
    expect(row.includes('sha256:')).toBe(whole.includes(name));
  });

  it('holds the certificate itself where it holds the whole record, and nowhere else', () => {
    const event = { ...fullEvent('certificate.issued', 'success', 'x'), certificateDer: 'Y2FuYXJ5Y2FuYXJ5' };
    expect(rowOf(name, event).includes('Y2FuYXJ5Y2FuYXJ5')).toBe(whole.includes(name));
  });
});

const lines = rowFormatNames.filter((name) => ['jsonl', 'ocsf', 'ecs', 'cef', 'otlp'].includes(name));
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

/** What each mapping makes of the same few records. Where a digest changes, the mapping needs another number. */
const digests = {
  jsonl: [1, 'c79e66ff893e9aca82f53a36edceb89741c3a12e2b2aec85159b97ad7005d725'],
  csv: [1, '341d354903973ebe67a9045a7141c6894cdb8d220fda935bcf6dfa0d9e230e7a'],
  ocsf: [1, '360d0fde61926a4f0c75c96e9538aff5141ef26f24a8ff91e0e9cf348ebddeb7'],
  ecs: [1, '79789fbea8cfac7b1494e1658005a8125f7fff9f7ebc1a1e9c6db8f04d4061d0'],
  cef: [1, '3fd6ce3a3d2d3c2280e5a29f8792368689c8e61cff346e21355f7dc6f0a9deba'],
  otlp: [1, '09a6bfd0e0ea8cbf4565318f39c5482d9e59ca60f3696d3b569888c0fd210513'],
  'otlp-proto': [1, '3e78d61b838c4f7a78e7c61c5afc6fb80112442c72885bc37ceacaee978bdb13'],
  parquet: [1, '0d548f7fed0657f034de51d6812fdff5417a89f0e842195a8e89581285802a26'],
} as const satisfies Record<keyof typeof allFormats, readonly [mapping: number, sha256: string]>;

it.each(formatNames)('%s: the mapping of its number makes what it always made', (name) => {
  const file = allFormats[name].open();
  const events = [
    fullEvent('certificate.issued', 'success', 'x'),
    fullEvent('certificate.revoked', 'success', '€=|\\'),
    fullEvent('key.activated', 'failed', '"'),
    bareEvent('hsm.login', 'denied'),
    bareEvent('service.started', 'success'),
  ];
  const taken = events.map((event, seq) => exported(event, seq)).filter(({ entry }) => allFormats[name].takes(entry));
  const octets = Buffer.concat([file.head, ...taken.map((record) => file.add(record)), file.end()]);
  expect([allFormats[name].mapping, hash('sha256', octets, 'hex')]).toEqual(digests[name]);
});
