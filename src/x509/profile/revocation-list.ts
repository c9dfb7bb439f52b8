import { algorithmIdentifier } from '../algorithm-identifiers.ts';
import type { Der, SignatureAlgorithm } from '../algorithms.ts';
import { tag } from '../der/tags.ts';
import { explicit, headerLength, integer, sequence, unsignedInteger, writeHeader } from '../der/writer.ts';
import { type RevocationReason, reasonNumber } from '../revocation-reason.ts';
import { timeLength, writeTime } from '../validity-time.ts';
import type { IssuerTerms } from './ca-certificate.ts';
import { authorityKeyId, crlNumber } from './extensions.ts';

export interface RevokedEntry {
  /** Big-endian, positive, at most 20 octets. */
  readonly serial: Uint8Array;
  /** Whole seconds since the epoch. */
  readonly revokedAt: number;
  readonly reason?: RevocationReason;
}

export interface CrlTerms {
  readonly issuer: IssuerTerms;
  /** Big-endian, positive, at most 20 octets; greater than that of every CRL before (RFC 5280 §5.2.3). */
  readonly number: Uint8Array;
  /** Whole seconds since the epoch. */
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  /** In any order, each serial once; gone through once. Some 300,000 fit into the 16 MiB of a DER element. */
  readonly revoked: Iterable<RevokedEntry>;
}

/**
 * TBSCertList of a full CRL for all certificates of one issuer (RFC 5280 §5.1): version 2, nextUpdate, AKI and cRLNumber;
 * entries by rising serial, so that the same terms give the same bytes. `assembleSigned` finishes it. Throws RangeError
 * that names the term.
 */
export function crlTbs(terms: CrlTerms, algorithm: SignatureAlgorithm): Uint8Array {
  const { issuer, thisUpdate, nextUpdate } = terms;
  if (thisUpdate >= nextUpdate) throw new RangeError('thisUpdate must come before nextUpdate');
  const times = new Uint8Array(timeLength(thisUpdate) + timeLength(nextUpdate));
  writeTime(times, writeTime(times, 0, thisUpdate), nextUpdate);
  const number = unsignedInteger(magnitude(terms.number, 'a CRL number'));
  return sequence(
    integer(1),
    algorithmIdentifier(algorithm),
    issuer.name,
    times,
    ...revokedCertificates(terms.revoked),
    explicit(0, sequence(authorityKeyId(issuer.keyId), crlNumber(number))),
  );
}

/** An entry in the making: the serial without leading zeros. */
interface Row extends Omit<RevokedEntry, 'reason'> {
  readonly reason: number;
}

/** An empty list is left out (RFC 5280 §5.1.2.6). */
function revokedCertificates(revoked: Iterable<RevokedEntry>): Der[] {
  const rows = Array.from(revoked, rowOf).sort(bySerial);
  if (rows.length === 0) return [];
  let length = 0;
  let before: Row | undefined;
  for (const row of rows) {
    if (before !== undefined && bySerial(before, row) === 0) {
      throw new RangeError(`serial ${Buffer.from(row.serial).toString('hex')} is revoked twice`);
    }
    length += 2 + entryLength(row);
    before = row;
  }
  const out = new Uint8Array(headerLength(length) + length);
  let at = writeHeader(out, 0, tag.sequence, length);
  for (const row of rows) at = writeEntry(out, at, row);
  return [out as Der];
}

const rowOf = ({ serial, revokedAt, reason = 'unspecified' }: RevokedEntry): Row => ({
  serial: magnitude(serial, 'a serial'),
  revokedAt,
  reason: reasonNumber(reason),
});

/** As numbers: they have no leading zeros, so the shorter is the smaller. */
function bySerial({ serial: a }: Row, { serial: b }: Row): number {
  if (a.length !== b.length) return a.length - b.length;
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Extensions with nothing but a reasonCode, whose number is the last octet. Not critical. */
const reasonStart = Uint8Array.of(0x30, 12, 0x30, 10, 0x06, 3, 0x55, 0x1d, 0x15, 0x04, 3, 0x0a, 1);

/** Octets of the content: below 128, whatever it holds. */
function entryLength({ serial, revokedAt, reason }: Row): number {
  return 2 + padding(serial) + serial.length + timeLength(revokedAt) + (reason === 0 ? 0 : reasonStart.length + 1);
}

function writeEntry(out: Uint8Array, from: number, row: Row): number {
  const { serial, reason } = row;
  const pad = padding(serial);
  let at = writeHeader(out, from, tag.sequence, entryLength(row));
  at = writeHeader(out, at, tag.integer, pad + serial.length) + pad;
  out.set(serial, at);
  at = writeTime(out, at + serial.length, row.revokedAt);
  if (reason === 0) return at;
  out.set(reasonStart, at);
  out[at + reasonStart.length] = reason;
  return at + reasonStart.length + 1;
}

const padding = (magnitude: Uint8Array): 0 | 1 => ((magnitude[0] ?? 0) < 0x80 ? 0 : 1);

/** `octets` without leading zeros. */
function magnitude(octets: Uint8Array, what: string): Uint8Array {
  let from = 0;
  while (octets[from] === 0) from++;
  const digits = from === 0 ? octets : octets.subarray(from);
  if (digits.length === 0 || digits.length + padding(digits) > 20) {
    throw new RangeError(`${what} is positive and has at most 20 octets`);
  }
  return digits;
}
