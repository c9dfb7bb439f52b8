import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { AuditEvent } from '#audit/event.ts';
import { cefFields } from '#export/cef/cef.ts';
import { csvColumns } from '#export/csv.ts';
import { ecsFields } from '#export/ecs/ecs.ts';
import type { RowFormatName } from '#export/format-names.ts';
import { type FormatName, formatNames } from '#export/format-names.ts';
import { ocsfFields } from '#export/ocsf/ocsf.ts';
import { otlpAttributes, otlpResource } from '#export/otlp/log-record.ts';
import { parquetColumns } from '#export/parquet/columns.ts';
import { rowFormats } from '#export/row-formats.ts';
import { repository } from '#test/oracles.ts';
import { type Page, pageText } from './reference.ts';
import { exported } from './sample.ts';

const folder = join(repository, 'docs', 'export');

/** As a workload's renewal leaves it. */
const issued: AuditEvent = {
  type: 'certificate.issued',
  id: '019aa6f3-5c00-7000-8000-3f1e5b0c7a21',
  outcome: 'success',
  instance: { host: 'countersign-0', version: '0.1.0' },
  door: 'istio',
  request: { bytes: 412, id: '6f1d2c3b', sha256: '1a'.repeat(32) },
  peer: { ip: '10.244.1.17', port: 48122 },
  caller: {
    authenticator: 'kubernetes',
    cluster: 'east',
    identity: 'spiffe://cluster.local/ns/payments/sa/api',
    namespace: 'payments',
    node: 'worker-3',
    pod: { name: 'api-7c9d', uid: 'b1c2' },
    serviceAccount: 'api',
  },
  decision: { level: 'policy', policy: 'sidecars', policySetId: '5e'.repeat(32), priority: 100 },
  certificate: {
    identity: 'spiffe://cluster.local/ns/payments/sa/api',
    issuer: { keyId: '9c41', name: 'mesh' },
    key: { kind: 'ec:P-256', spkiSha256: '2b'.repeat(32) },
    notAfter: '2026-11-22T14:03:00.000Z',
    notBefore: '2026-11-21T14:02:00.000Z',
    sans: ['spiffe://cluster.local/ns/payments/sa/api'],
    serial: '5d0f1c',
    sha256: '3c'.repeat(32),
    signatureAlgorithm: 'ecdsa-p256-sha256',
    ttl: 86_460,
  },
};

const sampleOf = (name: RowFormatName) => Buffer.from(rowFormats[name].row(exported(issued))).toString();
const indented = (json: string) => JSON.stringify(JSON.parse(json), null, 2);

/** As DuckDB names them. */
const sqlTypes = {
  STRING: 'VARCHAR',
  INT64: 'BIGINT',
  TIMESTAMP: 'TIMESTAMP',
  BOOLEAN: 'BOOLEAN',
  STRINGS: 'VARCHAR[]',
} as const;

const pages: Partial<Record<FormatName, Page>> = {
  csv: {
    title: 'CSV',
    about: [
      '`--format csv` writes a report for a spreadsheet: a row for each certificate that was issued or revoked, and for nothing else. It is CSV of RFC 4180 in UTF-8, with a line of names first; a list is joined by spaces.',
      'A cell that a spreadsheet would take for a formula, because it begins with `=`, `+`, `-`, `@` or a control character, has an apostrophe before it.',
    ],
    tables: [{ title: 'Columns', fields: csvColumns }],
  },
  otlp: {
    title: 'OTLP logs',
    about: [
      '`--format otlp` writes requests of the OTLP logs service in OTLP’s JSON, one a line: each can be sent to `/v1/logs` as it is. `--format otlp-proto` writes the same requests in protocol buffers, each behind its length in four octets, the greatest first; this is how the OpenTelemetry Collector keeps them in files.',
      'The body of a log record is the record itself in canonical JSON: SHA-256 over a zero octet and the body is its leaf in the log. The event name is the type of the record, both times are its own, and severity is INFO (9), INFO2 (10), WARN (13), ERROR (17) or FATAL (21). Trace and span are those of the request, where it had any.',
    ],
    sample: { language: 'json', text: indented(sampleOf('otlp')) },
    tables: [
      { title: 'Attributes', fields: otlpAttributes },
      { title: 'Attributes of the resource', fields: otlpResource },
    ],
  },
  ocsf: {
    title: 'OCSF',
    about: [
      '`--format ocsf` writes events of OCSF 1.8.0, a JSON object a line. `type_uid` says what kind of event it is; each type of record has one class and one activity (`src/export/ocsf/classes.ts`).',
      'What OCSF has no place for is in `unmapped`, by the names of the record; `unmapped.log` says where the record is in the log. 1.8.0 has no object for proofs, so nothing is claimed there.',
    ],
    sample: { language: 'json', text: indented(sampleOf('ocsf')) },
    tables: [
      { title: 'Every event', fields: ocsfFields.everywhere },
      ...Object.entries(ocsfFields.own).map(([title, fields]) => ({ title, fields })),
    ],
  },
  ecs: {
    title: 'Elastic Common Schema',
    about: [
      '`--format ecs` writes two lines a record, as Elasticsearch’s bulk API takes them: `create` with the id of the record, and the document. A record that is sent twice is there once; the answer then has a conflict, which is no error.',
      'ECS 8.17 has no place of its own for a certificate that is neither of a connection nor of a file: it is in `countersign.certificate.x509`, by the names that ECS has for the members of a certificate.',
    ],
    sample: { language: 'json', text: indented(sampleOf('ecs').split('\n')[1] ?? '') },
    tables: [{ fields: ecsFields }],
  },
  cef: {
    title: 'CEF in syslog',
    about: [
      '`--format cef` writes messages of syslog (RFC 5424), one a line, whose text is CEF version 0. The facility is log audit (13); what was denied is a warning, anything else a notice. The structured data has the place in the log: `seq`, `id` and `origin`, under the number 32473, which is kept for examples: ours is none of our own.',
      'A text is cut at 1,023 octets and then ends in `…`; a message that would still be longer than 8,192 octets has its texts cut at 100, and says `cut="true"` in the structured data.',
    ],
    sample: { language: 'text', text: sampleOf('cef') },
    tables: [{ title: 'The extension', fields: cefFields }],
  },
  parquet: {
    title: 'Parquet',
    about: [
      '`--format parquet` writes one table, with a row for each record and a column for what is asked for most; the whole record is there too, as text. Moments are timestamps in UTC, in milliseconds; lists of names are lists. Every column but those of the log may be null.',
      'Rows stand in groups of 16,384 of consecutive records, compressed by Snappy, with statistics: who asks for a time or an index reads few of them. A `.gz` around it is of no use. The list of groups is the end of the file, so that an export that was interrupted begins anew.',
      "In DuckDB: `SELECT reason, count(*) FROM 'november.parquet' WHERE outcome = 'denied' GROUP BY reason`.",
    ],
    tables: [
      {
        title: 'Columns',
        fields: parquetColumns.map((column) => ({ ...column, from: `${column.from} (${sqlTypes[column.type]})` })),
      },
    ],
  },
};

describe('docs/export', () => {
  it.each(Object.entries(pages))('%s.md says what the format does (UPDATE_DOCS=1 writes it anew)', (name, page) => {
    const file = join(folder, `${name}.md`);
    if (process.env.UPDATE_DOCS === '1') writeFileSync(file, pageText(page));
    expect(readFileSync(file, 'utf8')).toBe(pageText(page));
  });

  it('every format has its line in docs/export.md', () => {
    const text = readFileSync(`${folder}.md`, 'utf8');
    const lines = [...text.matchAll(/^\| (?:\[`([a-z-]+)`\]\(export\/[a-z]+\.md\)|`(jsonl)`) \|/gm)];
    expect(lines.map(([, linked, plain]) => linked ?? plain)).toEqual(formatNames);
  });
});
