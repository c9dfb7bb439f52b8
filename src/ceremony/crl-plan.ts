import { hash } from 'node:crypto';
import { resolve } from 'node:path';
import { serialOf } from '#authority/revocation/document.ts';
import type { Document } from '#document/document.ts';
import { readFiles } from '#document/files.ts';
import { DocumentError, type Problem } from '#document/problem.ts';
import { parseDuration } from '#document/scalars.ts';
import { type Certificate, readCertificate } from '#x509/certificate.ts';
import { sameBytes } from '#x509/der/reader.ts';
import { encodeName, nameText } from '#x509/name.ts';
import { readPem } from '#x509/pem.ts';
import type { RevocationReason } from '#x509/revocation-reason.ts';
import type { CeremonyText } from './document.ts';

/** A CRL of the root, to be signed. */
export interface PlannedCrl {
  readonly number: number;
  /** Seconds from its making to nextUpdate; cut to the root's end. */
  readonly lifetime: number;
  readonly revoked: readonly PlannedRevocation[];
  /** Path of the PEM that it will be in. */
  readonly output: string;
}

export interface PlannedRevocation {
  /** Content octets without leading zeros, lower-case hexadecimal. */
  readonly serial: string;
  readonly reason: RevocationReason;
  /** Seconds since the epoch, as `notAfter`. */
  readonly revokedAt: number;
  /** What its file says, where one is given. */
  readonly subjectText?: string;
  readonly notAfter?: number;
  readonly spkiSha256?: string;
}

type Asked = NonNullable<CeremonyText['crl']>;
type Report = (field: string, message: string) => void;

/** `now` in ms since the epoch. Throws DocumentError with every error in this part of the file. */
export function planCrl(
  { content, problem }: Document<CeremonyText>,
  asked: Asked,
  { home, now }: { readonly home: string; readonly now: number },
): PlannedCrl {
  const problems: Problem[] = [];
  const { root } = content;
  if (root === undefined)
    throw new DocumentError([
      problem(['crl'], 'there is no "root" that could sign it; ask the CA that did for its CRL'),
    ]);
  const lifetime = parseDuration(asked.lifetime);
  if (lifetime < 3600) problems.push(problem(['crl', 'lifetime'], 'a CRL of a root lives at least an hour'));
  const serials = new Set<string>();
  const revoked = asked.revoked.map((each, i) => {
    const report: Report = (field, message) => problems.push(problem(['crl', 'revoked', i, field], message));
    const planned = plannedRevocation(each, { home, now, rootName: encodeName(root.subject), report });
    if (serials.has(planned.serial)) report('reason', `the certificate ${planned.serial} is listed twice`);
    serials.add(planned.serial);
    return planned;
  });
  if (problems.length > 0) throw new DocumentError(problems);
  return { number: asked.number, lifetime, revoked, output: resolve(home, content.outputs, `${root.label}.crl.pem`) };
}

const day = 86_400;

/** What a reviewer should know of it. */
export function crlWarnings({ content, problem }: Document<CeremonyText>): Problem[] {
  if (content.crl === undefined) return [];
  const lifetime = parseDuration(content.crl.lifetime);
  const warn = (message: string) => [problem(['crl', 'lifetime'], message)];
  if (lifetime < 30 * day)
    return warn('the root has to sign the next one before this ends, and after it Envoy refuses every connection');
  if (lifetime > 400 * day) return warn('more than a year: who holds this CRL learns as late as that of a revocation');
  return [];
}

function plannedRevocation(
  { serial, certificate, reason, revokedAt }: Asked['revoked'][number],
  setting: { readonly home: string; readonly now: number; readonly rootName: Uint8Array; readonly report: Report },
): PlannedRevocation {
  const { home, now, report } = setting;
  const at = Date.parse(revokedAt);
  if (Number.isNaN(at)) report('revokedAt', `"${revokedAt}" is no time that there is`);
  if (at > now) report('revokedAt', 'this time is still to come');
  const terms = { reason, revokedAt: Math.floor(at / 1000) };
  if (certificate === undefined && serial !== undefined) {
    if (serialOf(serial) === '00') report('serial', 'no certificate has the serial number 0');
    return { serial: serialOf(serial), ...terms };
  }
  if (certificate === undefined || serial !== undefined) {
    report('reason', 'give exactly one of serial and certificate');
    return { serial: '', ...terms };
  }
  const read = readIssued(resolve(home, certificate), setting);
  return read === undefined ? { serial: certificate, ...terms } : { ...revocable(read), ...terms };
}

/** What a CRL and the log say of a certificate. */
export function revocable(certificate: Certificate) {
  return {
    serial: serialOf(Buffer.from(certificate.serial).toString('hex')),
    subjectText: nameText(certificate.subject),
    notAfter: certificate.notAfter,
    spkiSha256: hash('sha256', certificate.spki),
  };
}

function readIssued(
  path: string,
  { rootName, report }: { readonly rootName: Uint8Array; readonly report: Report },
): Certificate | undefined {
  try {
    const [file] = readFiles([path]);
    const certificate = readCertificate(readPem(file?.text ?? '', ['CERTIFICATE']));
    if (sameBytes(certificate.subject, rootName)) report('certificate', 'a root cannot revoke itself');
    else if (!sameBytes(certificate.issuer, rootName))
      report('certificate', `it was issued by ${nameText(certificate.issuer)}, which is not this root`);
    return certificate;
  } catch (thrown) {
    if (!(thrown instanceof Error)) throw thrown;
    const [problem] = thrown instanceof DocumentError ? thrown.problems : [];
    report('certificate', `${path}: ${problem?.message ?? thrown.message}`);
    return undefined;
  }
}
