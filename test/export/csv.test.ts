import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AuditEvent, eventTypes } from '#audit/event.ts';
import { csv, csvColumns } from '#export/csv.ts';
import { describeWith } from '#test/oracles.ts';
import { readBy } from './readers.ts';
import { bareEvent, exported, fullEvent } from './sample.ts';

const names = csvColumns.map(({ to }) => to);
const rowOf = (event: AuditEvent) => Buffer.from(csv.row(exported(event)));

describe('CSV', () => {
  it('begins with the columns of other reports, in their order', () => {
    expect(Buffer.from(csv.head).toString()).toMatch(
      /^serial,subject,notBefore,notAfter,issuedAt,revokedAt,revocationReason,profile,.*\r\n$/,
    );
  });

  it('has rows for certificates that were issued or revoked, and for nothing else', () => {
    const taken = eventTypes.filter((type) => csv.takes(exported(bareEvent(type, 'success')).entry));
    expect(taken).toEqual(['certificate.issued', 'certificate.revoked']);
  });

  it('says of an issuance when it was, of a revocation from when on and why', () => {
    const at = (event: AuditEvent, name: string) => csvColumns.find(({ to }) => to === name)?.of(exported(event));
    const issued = fullEvent('certificate.issued', 'success', 'x');
    const revoked = fullEvent('certificate.revoked', 'success', 'x');
    expect([at(issued, 'issuedAt'), at(issued, 'revokedAt')]).toEqual(['2026-11-21T14:03:00.125Z', undefined]);
    expect([at(revoked, 'issuedAt'), at(revoked, 'revokedAt')]).toEqual([undefined, '2026-11-21T12:00:00Z']);
  });

  it.each(['=cmd()', '+1', '-1', '@SUM(1)', '\tx', '\rx', '\nx'])('A-35: %j is no formula', (text) => {
    const row = rowOf(fullEvent('certificate.issued', 'success', text)).toString();
    expect(row).not.toMatch(/(^|,)"?[=+\-@\t\r\n]/);
    expect(row).toContain(`'${text}`);
  });
});

describeWith(['export-readers'], "CSV, by Python's reader", (path) => {
  it('every cell comes back as it was, but for the apostrophe', () => {
    const texts = fc.sample(
      fc.string({ unit: 'binary', maxLength: 12 }).map((text) => text.replaceAll('\0', '')),
      { numRuns: 100, seed: 3 },
    );
    const rows = texts.map((text) => rowOf(fullEvent('certificate.issued', 'success', text)));
    const [head, ...found] = readBy(path('export-readers'), 'read-csv.py', Buffer.concat([csv.head, ...rows]));
    expect(head).toEqual(names);
    expect(found).toHaveLength(texts.length);
    for (const [at, text] of texts.entries()) {
      const guarded = /^[=+\-@\t\r\n]/.test(text) ? `'${text}` : text;
      const cells = found[at];
      expect(Array.isArray(cells) ? cells[names.indexOf('pod')] : undefined).toBe(guarded);
      expect(cells).toHaveLength(names.length);
    }
  });
});
