import { AltName, Certificate } from 'pkijs';
import { inWords, relative, stamp } from '../terminal/duration.ts';
import { type ReadExtension, readExtension } from './extensions.ts';
import { sha256, spkiFacts } from './key.ts';
import type { SignedBy } from './links.ts';
import { generalNameText, nameText } from './names.ts';
import type { Shown } from './show.ts';
import { signatureName } from './signature-name.ts';

/** Throws Error for octets that are no certificate. `now` in ms since the epoch. */
export function readCertificate(der: Buffer, now: number, signedBy: SignedBy): Shown {
  const certificate = Certificate.fromBER(der);
  const extensions = (certificate.extensions ?? []).map(readExtension);
  const data = certificateData(certificate, der, extensions, signedBy);
  return {
    kind: 'certificate',
    title: titleOf(data, extensions),
    facts: [
      ['subject', data.subject || '(empty)'],
      ['names', data.names],
      ['issuer', data.issuer || '(empty)'],
      ['signed by', signerWords(signedBy)],
      ['serial', data.serial],
      ['key', data.key.kind],
      ['signature', data.signatureAlgorithm],
      ['valid', `${data.notBefore} to ${data.notAfter}  (${inWords(data.lifetimeSeconds)})`],
      ['', validityWords(certificate, now)],
      ['extensions', extensions.map((each) => `${each.name}${each.critical ? ' (critical)' : ''}: ${each.value}`)],
      ['sha256', data.sha256],
      ['spki sha256', data.key.spkiSha256],
    ],
    notes: [],
    data,
  };
}

function certificateData(
  certificate: Certificate,
  der: Buffer,
  extensions: readonly ReadExtension[],
  signedBy: SignedBy,
) {
  const from = certificate.notBefore.value.getTime();
  const to = certificate.notAfter.value.getTime();
  return {
    subject: nameText(certificate.subject),
    names: namesOf(certificate),
    issuer: nameText(certificate.issuer),
    signedBy: signedBy ?? null,
    serial: Buffer.from(certificate.serialNumber.valueBlock.valueHexView).toString('hex'),
    key: spkiFacts(Buffer.from(certificate.subjectPublicKeyInfo.toSchema().toBER())),
    signatureAlgorithm: signatureName(certificate.signatureAlgorithm.algorithmId),
    notBefore: stamp(from),
    notAfter: stamp(to),
    lifetimeSeconds: Math.round((to - from) / 1000),
    extensions,
    sha256: sha256(der),
  };
}

function namesOf(certificate: Certificate): string[] {
  return (certificate.extensions ?? []).flatMap((extension) => {
    const value: unknown = extension.extnID === '2.5.29.17' ? extension.parsedValue : undefined;
    return value instanceof AltName ? value.altNames.map(generalNameText) : [];
  });
}

function titleOf(
  data: { readonly signedBy: SignedBy | null; readonly names: readonly string[] },
  extensions: readonly ReadExtension[],
): string {
  const isAuthority = extensions.some(({ name, value }) => name === 'basicConstraints' && value.startsWith('CA'));
  if (isAuthority)
    return data.signedBy === 'self' ? 'CA certificate, self-signed (root)' : 'CA certificate (intermediate)';
  return data.names.some((name) => name.startsWith('URI:spiffe://')) ? 'X.509-SVID' : 'Certificate';
}

function signerWords(signedBy: SignedBy): string | undefined {
  if (signedBy === 'self') return 'itself (signature checked)';
  return signedBy === undefined ? undefined : `number ${signedBy + 1} of this file (signature checked)`;
}

function validityWords(certificate: Certificate, now: number): string {
  const from = certificate.notBefore.value.getTime();
  const to = certificate.notAfter.value.getTime();
  if (now < from) return `not valid yet: begins ${relative(from, now)}`;
  return now > to ? `EXPIRED ${relative(to, now)}` : `expires ${relative(to, now)}`;
}
