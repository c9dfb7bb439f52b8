import { hash } from 'node:crypto';
import { resolve } from 'node:path';
import { type Document, openDocument } from '#document/document.ts';
import { DocumentError, type Problem } from '#document/problem.ts';
import { parseDuration } from '#document/scalars.ts';
import type { KeyKind } from '#x509/algorithms.ts';
import { encodeName, type NameTerms, nameText } from '#x509/name.ts';
import { crlWarnings, type PlannedCrl, planCrl } from './crl-plan.ts';
import { CeremonySchema, type CeremonyText } from './document.ts';
import { findErrors, findWarnings } from './lint.ts';

/** Where a PIN or passphrase is kept. */
export type SecretPlace = { readonly file: string } | { readonly env: string };

/** Every field of one certificate to be made. */
export interface PlannedCertificate {
  readonly role: 'root' | 'intermediate';
  readonly label: string;
  readonly key: KeyKind;
  /** `memory`: made anew at each start of the server, not by the ceremony. */
  readonly keyIn: 'hsm' | 'software' | 'memory';
  readonly subject: NameTerms;
  readonly subjectText: string;
  /** `self`; the root's subject; or whoever the enterprise's CA is. */
  readonly issuerText: string;
  /** Seconds. */
  readonly lifetime: number;
  readonly pathLength?: number;
  readonly keyUsage: readonly ['keyCertSign', 'cRLSign'];
  /** URI subjectAltName, not critical. */
  readonly san?: string;
  /** Path of the PEM that it will be in. */
  readonly output: string;
}

export interface CeremonyPlan {
  readonly file: string;
  readonly fileSha256: string;
  readonly name: string;
  readonly trustDomain: string;
  readonly operators: readonly string[];
  readonly approvers: readonly string[];
  readonly token?: { readonly uri: string; readonly module?: string; readonly pin: SecretPlace };
  readonly software?: { readonly passphrase: SecretPlace };
  /** Absolute. */
  readonly outputs: string;
  readonly root?: PlannedCertificate;
  readonly intermediates: readonly PlannedCertificate[];
  /** A CRL of the root. */
  readonly crl?: PlannedCrl;
  /** What a reviewer should know before it is run; nothing here forbids it. */
  readonly warnings: readonly Problem[];
}

export interface PlanOptions {
  /** Directory that relative paths in the file start from. */
  readonly home: string;
  /** ms since the epoch. */
  readonly now: number;
}

/** Throws DocumentError with every error in the file: line, field, and what would be right. */
export function planCeremony(text: string, file: string, { home, now }: PlanOptions): CeremonyPlan {
  const document = openDocument(text, file, CeremonySchema);
  const errors = findErrors(document);
  if (errors.length > 0) throw new DocumentError(errors);
  const warnings = [...findWarnings(document, Math.floor(now / 1000)), ...crlWarnings(document)];
  const { crl } = document.content;
  return {
    ...assemble(document, home),
    ...(crl && { crl: planCrl(document, crl, { home, now }) }),
    fileSha256: hash('sha256', text),
    warnings,
  };
}

function assemble(
  { content, file }: Document<CeremonyText>,
  home: string,
): Omit<CeremonyPlan, 'fileSha256' | 'warnings' | 'crl'> {
  const outputs = resolve(home, content.outputs);
  const { token, software } = content;
  return {
    file,
    name: content.name,
    trustDomain: content.trustDomain,
    operators: content.operators,
    approvers: content.approvers ?? [],
    outputs,
    ...(token && { token: { ...token, pin: secretPlace(token.pin, home) } }),
    ...(software && { software: { passphrase: secretPlace(software.passphrase, home) } }),
    ...(content.root && { root: plannedRoot(content.root, outputs) }),
    intermediates: content.intermediates.map((each) => plannedIntermediate(each, content, outputs)),
  };
}

function secretPlace({ file, env }: { file?: string; env?: string }, home: string): SecretPlace {
  return env === undefined ? { file: resolve(home, file ?? '') } : { env };
}

const keyUsage = ['keyCertSign', 'cRLSign'] as const;

function plannedRoot(root: NonNullable<CeremonyText['root']>, outputs: string): PlannedCertificate {
  return {
    role: 'root',
    label: root.label,
    key: root.key,
    keyIn: root.keyIn ?? 'hsm',
    subject: root.subject,
    subjectText: nameText(encodeName(root.subject)),
    issuerText: 'self',
    lifetime: parseDuration(root.lifetime),
    keyUsage,
    output: resolve(outputs, `${root.label}.pem`),
  };
}

function plannedIntermediate(
  intermediate: CeremonyText['intermediates'][number],
  { root, trustDomain }: CeremonyText,
  outputs: string,
): PlannedCertificate {
  return {
    role: 'intermediate',
    label: intermediate.label,
    key: intermediate.key,
    keyIn: intermediate.keyIn,
    subject: intermediate.subject,
    subjectText: nameText(encodeName(intermediate.subject)),
    issuerText: root === undefined ? 'an enterprise CA, by its own hand' : nameText(encodeName(root.subject)),
    lifetime: parseDuration(intermediate.lifetime),
    pathLength: intermediate.pathLength ?? 0,
    keyUsage,
    san: `spiffe://${trustDomain}`,
    output: resolve(outputs, `${intermediate.label}.pem`),
  };
}
