import { hash } from 'node:crypto';
import { readCertificate } from '#x509/certificate.ts';
import { readCrl } from '#x509/chain/crl.ts';
import { nameText } from '#x509/name.ts';
import type { Entry } from './journal.ts';
import type { CeremonyPlan } from './plan.ts';

/** What was done, from the journal alone: the same journal gives the same transcript. */

/** For machines: one JSON document. */
export function transcriptJson(plan: CeremonyPlan, entries: readonly Entry[]): string {
  const { name, file, trustDomain } = plan;
  return `${JSON.stringify({ apiVersion: 'countersign.dev/v1', kind: 'CeremonyTranscript', name, file, trustDomain, entries }, null, 2)}\n`;
}

/** For people: one paragraph per step, in order, with room to sign. */
export function transcriptText(plan: CeremonyPlan, entries: readonly Entry[]): string {
  const people = [...new Set([...plan.operators, ...plan.approvers])];
  return [
    `Transcript of the key ceremony "${plan.name}"`,
    `for the trust domain ${plan.trustDomain}, by the file ${plan.file}`,
    '',
    ...entries.flatMap((entry) => [
      `${entry.at}  ${headline(entry)}`,
      ...details(entry).map((line) => `    ${line}`),
      '',
    ]),
    'Signed:',
    ...people.map((person) => `    ${person.padEnd(32)} ______________________________`),
    '',
  ].join('\n');
}

function headline(entry: Entry): string {
  switch (entry.step) {
    case 'open':
      return `The ceremony is opened by the file with SHA-256 ${entry.fileSha256}`;
    case 'key-intent':
      return `A key is about to be made: ${entry.label}, ${entry.kind}`;
    case 'key':
      return `The key is made: ${entry.label}, ${entry.kind}`;
    case 'certificate-intent':
      return `A certificate is about to be signed: ${entry.label}`;
    case 'certificate':
      return `The certificate is made: ${entry.label}`;
    case 'request':
      return `A request for an outside CA is made: ${entry.label}`;
    case 'installed':
      return `The chain of an outside CA is installed: ${entry.label}`;
    case 'crl-intent':
      return `A CRL is about to be signed: number ${entry.number} of ${entry.label}`;
    case 'crl':
      return `The CRL is made: number ${entry.number} of ${entry.label}`;
  }
}

function details(entry: Entry): string[] {
  switch (entry.step) {
    case 'open':
      return [`operators: ${entry.operators.join(', ')}`, `approvers: ${entry.approvers.join(', ') || 'none'}`];
    case 'key':
      return [
        `SHA-256 of its SubjectPublicKeyInfo: ${entry.spkiSha256}`,
        ...(entry.token ? [`in the token: ${listed(entry.token)}`] : ['in an encrypted file']),
        ...(entry.attributes ? [`the token says: ${listed(entry.attributes)}`] : []),
      ];
    case 'certificate-intent':
    case 'crl-intent':
      return [`SHA-256 of the bytes to be signed: ${hash('sha256', Buffer.from(entry.tbs, 'base64'))}`];
    case 'certificate':
      return certificateDetails(entry.der);
    case 'request':
      return [`SHA-256 of the request: ${hash('sha256', Buffer.from(entry.der, 'base64'))}`];
    case 'installed':
      return entry.chain.flatMap(certificateDetails);
    case 'crl':
      return crlDetails(entry.der);
    default:
      return [];
  }
}

function certificateDetails(der: string): string[] {
  const certificate = readCertificate(new Uint8Array(Buffer.from(der, 'base64')));
  return [
    `subject: ${nameText(certificate.subject)}`,
    `issuer: ${nameText(certificate.issuer)}`,
    `serial: ${Buffer.from(certificate.serial).toString('hex')}`,
    `valid: ${time(certificate.notBefore)} to ${time(certificate.notAfter)}`,
    `SHA-256: ${hash('sha256', certificate.der)}`,
  ];
}

function crlDetails(base64: string): string[] {
  const der = new Uint8Array(Buffer.from(base64, 'base64'));
  const { issuer, thisUpdate, nextUpdate, revoked } = readCrl(der);
  return [
    `issuer: ${nameText(issuer)}`,
    `valid: ${time(thisUpdate)} to ${time(nextUpdate)}`,
    ...[...revoked].map(
      ([serial, { revokedAt, reason }]) =>
        `revoked: serial ${serial} since ${time(revokedAt)}, ${reason ?? 'unspecified'}`,
    ),
    ...(revoked.size === 0 ? ['revoked: none'] : []),
    `SHA-256: ${hash('sha256', der)}`,
  ];
}

const time = (seconds: number) => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');

const listed = (facts: Readonly<Record<string, string | boolean>>) =>
  Object.entries(facts)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
