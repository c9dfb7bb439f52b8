import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type AuditEvent, eventTypes } from '#audit/event.ts';
import { parquetColumns } from '#export/parquet/columns.ts';
import { parquet } from '#export/parquet/parquet.ts';
import { describeWith } from '#test/oracles.ts';
import { readBy } from './readers.ts';
import { bareEvent, exported, fullEvent } from './sample.ts';

const at = '2026-11-21T14:03:00.125000+00:00';

function fileOf(events: readonly AuditEvent[]): Buffer {
  const file = parquet.open();
  const rows = events.map((event, seq) => file.add(exported(event, seq)));
  return Buffer.concat([file.head, ...rows, file.end()]);
}

describe('Parquet', () => {
  it('the same records are the same octets', () => {
    const events = [fullEvent('certificate.issued', 'success', 'x'), bareEvent('log.opened', 'success')];
    expect(fileOf(events).equals(fileOf(events))).toBe(true);
  });
});

describeWith(['export-readers'], 'Parquet, by pyarrow and DuckDB', (path) => {
  const read = (events: readonly AuditEvent[]) => {
    const file = join(mkdtempSync(join(tmpdir(), 'countersign-parquet-')), 'some.parquet');
    writeFileSync(file, fileOf(events));
    const [pyarrow, duckdb] = readBy(path('export-readers'), 'read-parquet.py', Buffer.alloc(0), file);
    return { pyarrow: Object(pyarrow), duckdb: Object(duckdb) };
  };

  it('A-34: every type is read back with its types: moments, numbers, lists; what is not there is null', () => {
    const text = '€\u{1f511}"\\\n\0';
    const events = eventTypes.flatMap((type) => [fullEvent(type, 'denied', text), bareEvent(type, 'success')]);
    const { pyarrow, duckdb } = read(events);
    expect(pyarrow.rows).toHaveLength(events.length);
    for (const [seq, event] of events.entries()) {
      const row = pyarrow.rows[seq];
      const record = JSON.parse(row.record);
      expect(record).toEqual(exported(event, seq).entry);
      const full = seq % 2 === 0;
      expect(row).toMatchObject({
        seq,
        time: at,
        type: event.type,
        id: event.id,
        outcome: event.outcome,
        message: full ? text : null,
        names: full ? [text, `dns:${text}`] : null,
        not_after: full ? '2026-11-22T00:00:00+00:00' : null,
        actor_mfa: full ? true : null,
        crl_number: full ? 12 : null,
        leaf_hash: Buffer.from(exported(event, seq).leafHash).toString('hex'),
        checkpoint_size: 1_000,
      });
    }
    const first = Date.parse(at);
    expect(duckdb.span).toEqual([events.length, 0, events.length - 1, first, first]);
    expect(duckdb.names).toEqual([
      [eventTypes[0], 2, text],
      [eventTypes[0], null, null],
    ]);
  });

  it('A-34: the columns are those of the page, by the types that it says', () => {
    const { pyarrow, duckdb } = read([bareEvent('log.opened', 'success')]);
    const types = {
      STRING: ['string', 'VARCHAR'],
      INT64: ['int64', 'BIGINT'],
      TIMESTAMP: ['timestamp[ms, tz=UTC]', 'TIMESTAMP'],
      BOOLEAN: ['bool', 'BOOLEAN'],
      STRINGS: ['list<element: string>', 'VARCHAR[]'],
    } as const;
    const as = (n: 0 | 1) => Object.fromEntries(parquetColumns.map(({ to, type }) => [to, types[type][n]]));
    expect(pyarrow.types).toEqual(as(0));
    expect(duckdb.types).toEqual(as(1));
  });

  it('A-34: a file of several groups of rows has each record once; one of none is a table too', () => {
    const bare = bareEvent('certificate.issued', 'success');
    const { pyarrow, duckdb } = read(Array.from({ length: 16_384 + 3 }, () => bare));
    expect(pyarrow.groups).toBe(2);
    expect(duckdb.span.slice(0, 3)).toEqual([16_387, 0, 16_386]);
    expect(read([]).duckdb.span[0]).toBe(0);
  });
});
