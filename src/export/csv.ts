import type { Json } from '#audit/event.ts';
import { copied, type Field, made } from './field.ts';
import { type Exported, rowFormat } from './format.ts';

const revokedAlone = (field: Field): Field => ({
  ...field,
  from: `of a revocation ${field.from}`,
  of: (record) => (record.entry.type === 'certificate.revoked' ? field.of(record) : undefined),
});
const issuedAlone = (field: Field): Field => ({
  ...field,
  from: `of an issuance ${field.from}`,
  of: (record) => (record.entry.type === 'certificate.issued' ? field.of(record) : undefined),
});

/** The columns that audit reports of private CAs have, in their order; then those that only we have. */
export const csvColumns: readonly Field[] = [
  copied('serial', 'certificate.serial'),
  copied('subject', ['certificate.subject', 'certificate.identity']),
  copied('notBefore', 'certificate.notBefore'),
  copied('notAfter', 'certificate.notAfter'),
  issuedAlone(copied('issuedAt', 'time')),
  revokedAlone(copied('revokedAt', ['revocation.effective', 'time'])),
  revokedAlone(copied('revocationReason', 'revocation.reason')),
  copied('profile', ['certificate.profile.id', 'certificate.profile']),
  copied('type', 'type'),
  copied('seq', 'seq'),
  copied('id', 'id'),
  copied('identity', 'certificate.identity'),
  copied('names', 'certificate.sans'),
  copied('keyKind', 'certificate.key.kind'),
  copied('spkiSha256', 'certificate.key.spkiSha256'),
  copied('sha256', 'certificate.sha256'),
  copied('issuer', ['certificate.issuer.name', 'certificate.issuer.subject']),
  copied('issuerKeyId', 'certificate.issuer.keyId'),
  copied('caller', ['caller.identity', 'caller.user.name', 'revocation.requestedBy']),
  copied('cluster', 'caller.cluster'),
  copied('namespace', 'caller.namespace'),
  copied('serviceAccount', 'caller.serviceAccount'),
  copied('pod', ['onBehalfOf.pod.name', 'caller.pod.name']),
  copied('node', ['caller.node', 'onBehalfOf.node']),
  copied('address', 'peer.ip'),
  copied('policy', 'decision.policy'),
  copied('policySetId', 'decision.policySetId'),
  made('origin', 'the origin of the log', ({ origin }) => origin),
  made('leafHash', 'hash of the leaf, hexadecimal', ({ leafHash }) => Buffer.from(leafHash).toString('hex')),
];

/** What a spreadsheet would take for a formula is text behind an apostrophe. */
const formula = /^[=+\-@\t\r\n]/;

/** RFC 4180 §2: in quotes where it has to be, a quote twice. */
function cell(value: Json | undefined): string {
  const text = textOf(value);
  const safe = formula.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function textOf(value: Json | undefined): string {
  if (value === undefined) return '';
  if (typeof value !== 'object') return String(value);
  return Array.isArray(value) ? value.map(textOf).join(' ') : JSON.stringify(value);
}

const line = (cells: readonly (Json | undefined)[]) => Buffer.from(`${cells.map(cell).join(',')}\r\n`);

/** A report of what was issued and revoked, for a spreadsheet: RFC 4180, UTF-8. */
export const csv = rowFormat({
  about: 'a report of certificates issued and revoked, for a spreadsheet',
  mapping: 1,
  holdsEntries: false,
  takes: ({ type }) => type === 'certificate.issued' || type === 'certificate.revoked',
  head: line(csvColumns.map(({ to }) => to)),
  row: (record: Exported) => line(csvColumns.map(({ of }) => of(record))),
});
