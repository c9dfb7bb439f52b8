import Type from 'typebox';
import { openDocument } from '#document/document.ts';
import { readFiles, type TextFile } from '#document/files.ts';
import { DocumentError, type Problem } from '#document/problem.ts';
import { OneOf } from '#document/scalars.ts';
import { type RevocationReason, revocationReasons } from '#x509/revocation-reason.ts';

/** `revocations/*.yaml`: which certificates are revoked, and on whose word. Reviewed by people, as policies are. */

const closed = { additionalProperties: false } as const;
export const utcTime = (description: string) =>
  Type.String({
    pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,9})?Z$',
    description: `${description}: a time in UTC`,
    examples: ['2026-11-22T10:00:00Z'],
  });

/** A hold would have to end, and `removeFromCRL` is for delta CRLs: neither is offered. Nor is what belongs to attributes. */
export const offeredReasons = revocationReasons.filter(
  (reason) => reason !== 'certificateHold' && reason !== 'aACompromise',
);

export const SerialText = Type.String({
  pattern: '^[0-9A-Fa-f]{2}(:?[0-9A-Fa-f]{2}){0,19}$',
  description: "the certificate's serial number, hexadecimal, with or without colons",
  examples: ['5f3a09c1'],
});

/** Content octets without leading zeros, lower-case hexadecimal. */
export const serialOf = (text: string) => hexadecimal(text).replace(/^(00)+(?=..)/, '');

const Entry = Type.Object(
  {
    serial: SerialText,
    issuer: Type.String({
      pattern: '^[0-9A-Fa-f]{2}(:?[0-9A-Fa-f]{2}){1,31}$',
      description: "its issuer's key: the certificate's authorityKeyIdentifier, hexadecimal",
      examples: ['9d:8c:7b:6a:59:48:37:26:15:04:f3:e2:d1:c0:bf:ae:9d:8c:7b:6a'],
    }),
    reason: Type.Optional(OneOf(...offeredReasons)),
    revokedAt: Type.Optional(utcTime('since when it is not to be trusted; left out, since it is recorded')),
    requestedBy: Type.String({ minLength: 1, maxLength: 200, description: 'who asked for it' }),
    ticket: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'where it was decided' })),
    notAfter: Type.Optional(utcTime('when it expires: then it leaves the CRL')),
    key: Type.Optional(
      Type.String({
        pattern: '^[0-9a-f]{64}$',
        description: 'SHA-256 of its SubjectPublicKeyInfo, hexadecimal: a compromised key is never certified again',
      }),
    ),
  },
  closed,
);

export const RevocationsSchema = Type.Object(
  {
    apiVersion: Type.Literal('countersign.dev/v1'),
    kind: Type.Literal('Revocations'),
    certificates: Type.Array(Entry, { maxItems: 10_000 }),
  },
  closed,
);

/** One certificate that somebody wants revoked. */
export interface WantedRevocation {
  /** Content octets without leading zeros, lower-case hexadecimal. */
  readonly serial: string;
  /** Lower-case hexadecimal. */
  readonly issuerKeyId: string;
  readonly reason: RevocationReason;
  /** Seconds since the epoch, as `notAfter`. */
  readonly revokedAt?: number;
  readonly requestedBy: string;
  readonly ticket?: string;
  readonly notAfter?: number;
  readonly spkiSha256?: string;
}

/**
 * The revocations of files and folders. All or nothing: on any fault a DocumentError names each one. `now` in ms since
 * the epoch: nothing is revoked in the future.
 */
export function loadRevocations(paths: readonly string[], now: number): WantedRevocation[] {
  return readRevocations(readFiles(paths), now);
}

/** The same over texts already read. */
export function readRevocations(files: readonly TextFile[], now: number): WantedRevocation[] {
  const problems: Problem[] = [];
  const byName = new Map<string, WantedRevocation>();
  for (const { text, file } of files) {
    const document = openDocument(text, file, RevocationsSchema);
    for (const [at, entry] of document.content.certificates.entries()) {
      const report = (field: string, message: string) =>
        problems.push(document.problem(['certificates', at, field], message));
      const wanted = {
        serial: serialOf(entry.serial),
        issuerKeyId: hexadecimal(entry.issuer),
        reason: entry.reason ?? 'unspecified',
        requestedBy: entry.requestedBy,
        ...(entry.ticket !== undefined && { ticket: entry.ticket }),
        ...(entry.key !== undefined && { spkiSha256: entry.key }),
        ...secondsOf('revokedAt', entry.revokedAt, report),
        ...secondsOf('notAfter', entry.notAfter, report),
      } satisfies WantedRevocation;
      if (wanted.serial === '00') report('serial', 'no certificate has the serial number 0');
      if (wanted.revokedAt !== undefined && wanted.revokedAt * 1000 > now)
        report('revokedAt', 'this time is still to come; leave it out to revoke now');
      const name = `${wanted.issuerKeyId} ${wanted.serial}`;
      if (byName.has(name)) report('serial', 'this certificate is listed twice');
      byName.set(name, wanted);
    }
  }
  if (problems.length > 0) throw new DocumentError(problems);
  return [...byName.values()];
}

const hexadecimal = (text: string) => text.replaceAll(':', '').toLowerCase();

function secondsOf<Field extends 'revokedAt' | 'notAfter'>(
  field: Field,
  text: string | undefined,
  report: (field: string, message: string) => void,
): { readonly [Name in Field]?: number } {
  if (text === undefined) return {};
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) report(field, `"${text}" is no time that there is`);
  const seconds: { [Name in Field]?: number } = {};
  seconds[field] = Math.floor(ms / 1000);
  return seconds;
}
