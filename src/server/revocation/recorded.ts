import { decodeEntry, type Entry } from '#audit/entry.ts';
import type { Json } from '#audit/event.ts';
import { memberOf, objectOf, textOf } from '#audit/json-object.ts';
import type { WantedRevocation } from '#authority/revocation/document.ts';
import type { Revocation } from '#authority/revocation/register.ts';
import { revocationReasons } from '#x509/revocation-reason.ts';
import { type EventFields, fromFiles } from '../events.ts';

/** What of the log is asked here. */
export interface RevocationLog {
  entry(index: number): Promise<Uint8Array | undefined>;
  readonly inventory: {
    find(name: { readonly serial: string }): Promise<number[]>;
  };
}

/** What the log says of the certificate that is to be revoked; undefined where it holds none of that serial and issuer. */
export async function issuedAs(
  { serial, issuerKeyId }: WantedRevocation,
  log: RevocationLog,
): Promise<Entry | undefined> {
  for (const index of await log.inventory.find({ serial })) {
    const bytes = await log.entry(index);
    const entry = bytes && decodeEntry(bytes);
    if (entry?.type !== 'certificate.issued') continue;
    if (memberOf(memberOf(entry.certificate, 'issuer'), 'keyId') === issuerKeyId) return entry;
  }
  return undefined;
}

/** The record of a revocation: what was asked for, and what the log knows of the certificate. */
export function revocationFields(
  { serial, issuerKeyId, reason, requestedBy, ticket, notAfter, spkiSha256, revokedAt }: Revocation,
  issued: Entry | undefined,
): EventFields {
  const certificate = issued?.certificate;
  return {
    actor: fromFiles,
    certificate: {
      identity: memberOf(certificate, 'identity'),
      issuer: { keyId: issuerKeyId },
      key: spkiSha256 === undefined ? undefined : { spkiSha256 },
      notAfter: notAfter === undefined ? undefined : rfc3339(notAfter),
      sans: memberOf(certificate, 'sans'),
      serial,
      sha256: memberOf(certificate, 'sha256'),
      subject: memberOf(certificate, 'subject'),
    },
    revocation: { effective: rfc3339(revokedAt), reason, requestedBy },
    ...(ticket !== undefined && { change: { kind: 'revocation', ticket } }),
  };
}

/** As it was asked for, with what only the log knows. `now` in seconds. */
export function completed(wanted: WantedRevocation, issued: Entry | undefined, now: number): Revocation {
  const { notAfter, key } = objectOf(issued?.certificate);
  const spkiSha256 = wanted.spkiSha256 ?? textOf(memberOf(key, 'spkiSha256'));
  const end = wanted.notAfter ?? secondsOf(notAfter);
  return {
    ...wanted,
    revokedAt: wanted.revokedAt ?? now,
    ...(spkiSha256 !== undefined && { spkiSha256 }),
    ...(end !== undefined && { notAfter: end }),
  };
}

/** Undefined for one that says too little to count. */
export function revocationIn({ certificate, revocation, change }: Entry): Revocation | undefined {
  const { serial, issuer, key, notAfter } = objectOf(certificate);
  const { effective, reason, requestedBy } = objectOf(revocation);
  const issuerKeyId = textOf(memberOf(issuer, 'keyId'));
  const revokedAt = secondsOf(effective);
  const end = secondsOf(notAfter);
  const spkiSha256 = textOf(memberOf(key, 'spkiSha256'));
  const ticket = textOf(memberOf(change, 'ticket'));
  if (typeof serial !== 'string' || issuerKeyId === undefined || revokedAt === undefined) return undefined;
  const known = revocationReasons.find((each) => each === reason);
  if (typeof requestedBy !== 'string' || known === undefined) return undefined;
  return {
    ...{ serial, issuerKeyId, revokedAt, requestedBy, reason: known },
    ...(end !== undefined && { notAfter: end }),
    ...(spkiSha256 !== undefined && { spkiSha256 }),
    ...(ticket !== undefined && { ticket }),
  };
}

function secondsOf(value: Json | undefined): number | undefined {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? undefined : Math.floor(ms / 1000);
}

const rfc3339 = (seconds: number) => new Date(seconds * 1000).toISOString();
