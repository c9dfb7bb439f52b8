import { decodeEntry } from '#audit/entry.ts';
import { memberOf, textOf } from '#audit/json-object.ts';
import type { DurableLog } from '#store/log.ts';
import { toPem } from '#x509/pem.ts';

/** Records that are looked through at most: a start is not to wait for a flood of others. */
const mostRecords = 20_000;
const atOnce = 1_000;

export interface IssuedLately {
  /** PEM. */
  readonly leaf: string;
  /** SHA-256 of the certificate of the issuer, hex. */
  readonly issuerSha256: string;
}

/**
 * Certificates that these doors put on the record from `since` (ms) on, by the id of the request: whoever died before they
 * were handed over hands them over now, oldest first. Without certificates in the records there are none.
 */
export async function issuedLately(
  log: Pick<DurableLog, 'entries' | 'size'>,
  doors: ReadonlySet<string>,
  since: number,
): Promise<ReadonlyMap<string, IssuedLately>> {
  const found = new Map<string, IssuedLately>();
  const { size } = log;
  for (let end = size; end > Math.max(0, size - mostRecords); end -= atOnce) {
    const entries = (await log.entries(Math.max(0, end - atOnce), end)).map(decodeEntry);
    // newest first: of two for one request the later one counts
    for (const entry of entries.toReversed()) {
      const { type, certificateDer, request, certificate } = entry;
      if (type !== 'certificate.issued' || !doors.has(String(entry.door)) || typeof certificateDer !== 'string')
        continue;
      const id = textOf(memberOf(request, 'id'));
      const issuerSha256 = textOf(memberOf(memberOf(certificate, 'issuer'), 'certSha256'));
      if (id === undefined || issuerSha256 === undefined || found.has(id)) continue;
      found.set(id, { leaf: toPem('CERTIFICATE', Buffer.from(certificateDer, 'base64')), issuerSha256 });
    }
    const [first] = entries;
    if (first === undefined || Date.parse(first.time) < since) break;
  }
  return new Map([...found].toReversed());
}
