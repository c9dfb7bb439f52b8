import { hash } from 'node:crypto';
import { resolve } from 'node:path';
import type { IssuingAuthority } from '#authority/certify.ts';
import type { Certificate } from '#x509/certificate.ts';
import { readCrl } from '#x509/chain/crl.ts';
import { toPem } from '#x509/pem.ts';
import { ensureCertificate, ensureKey, type Made } from './authority-steps.ts';
import { CeremonyError } from './ceremony-error.ts';
import { type CeremonyTools, inCeremony, journalPathOf, keep, keepTranscripts, type StepContext } from './context.ts';
import type { PlannedCrl } from './crl-plan.ts';
import type { CeremonyPlan, PlannedCertificate } from './plan.ts';
import type { CeremonyKey } from './ports.ts';
import { ensureCrl } from './root-crl.ts';

/** A CA whose key and certificate are in place. */
export interface CertifiedAuthority {
  readonly planned: PlannedCertificate;
  readonly key: CeremonyKey;
  readonly certificate: Certificate;
  /** SHA-256 of the certificate's DER, hex. */
  readonly fingerprint: string;
  readonly keyWas: Made;
  readonly certificateWas: Made;
}

/** A CRL of the root that is in place. */
export interface SignedCrl {
  readonly planned: PlannedCrl;
  /** Seconds since the epoch. */
  readonly nextUpdate: number;
  /** SHA-256 of its DER, hex. */
  readonly fingerprint: string;
  readonly was: Made;
}

export interface CeremonyOutcome {
  readonly plan: CeremonyPlan;
  /** Root first. Keys that live in memory are not among them. */
  readonly authorities: readonly CertifiedAuthority[];
  readonly crl?: SignedCrl;
  /** True when nothing was left to do. */
  readonly unchanged: boolean;
  readonly journalPath: string;
  readonly rootsPath: string;
  readonly transcriptPaths: readonly [text: string, json: string];
}

/**
 * Makes what the plan says, or the rest of it, or nothing where all is in place: the same call finishes a ceremony
 * that was interrupted anywhere. `progress` hears of each authority as it is done. Throws CeremonyError, and whatever
 * the stores, the shelf or `record` reject with.
 */
export async function runCeremony(
  plan: CeremonyPlan,
  tools: CeremonyTools,
  progress: (authority: CertifiedAuthority) => void = () => {},
): Promise<CeremonyOutcome> {
  const { root } = plan;
  if (root === undefined) {
    throw new CeremonyError('no-root', `${plan.file} plans no root; ask your own CA with "ceremony request"`);
  }
  return inCeremony(plan, tools, async (context) => {
    const top = await ensureAuthority(root, undefined, context);
    progress(top);
    const authorities = [top];
    for (const planned of plan.intermediates) {
      if (planned.keyIn === 'memory') continue;
      const authority = await ensureAuthority(planned, top, context);
      progress(authority);
      authorities.push(authority);
    }
    const crl = plan.crl && (await keepCrl(plan.crl, top, context));
    const rootsPath = await keepCertificates(authorities, context);
    const transcriptPaths = await keepTranscripts(context);
    await Promise.all(authorities.map(({ key }) => key.signer.close()));
    const unchanged =
      crl?.was !== 'made' &&
      authorities.every(({ keyWas, certificateWas }) => keyWas === 'found' && certificateWas === 'found');
    const places = { journalPath: journalPathOf(plan), rootsPath, transcriptPaths };
    return { plan, authorities, ...(crl && { crl }), unchanged, ...places };
  });
}

async function ensureAuthority(
  planned: PlannedCertificate,
  root: CertifiedAuthority | undefined,
  context: StepContext,
): Promise<CertifiedAuthority> {
  const [key, keyWas] = await ensureKey(planned, context);
  const issuer: IssuingAuthority =
    root === undefined ? { signer: key.signer } : { signer: root.key.signer, certificate: root.certificate };
  const [certificate, certificateWas] = await ensureCertificate(planned, key, issuer, context);
  return { planned, key, certificate, fingerprint: hash('sha256', certificate.der), keyWas, certificateWas };
}

async function keepCrl(planned: PlannedCrl, root: CertifiedAuthority, context: StepContext): Promise<SignedCrl> {
  const [der, was] = await ensureCrl(planned, root, context);
  await keep(context.shelf, planned.output, toPem('X509 CRL', der));
  return { planned, nextUpdate: readCrl(der).nextUpdate, fingerprint: hash('sha256', der), was };
}

/** All of it comes from the journal: a file that is missing or damaged is written again. */
async function keepCertificates(
  authorities: readonly CertifiedAuthority[],
  { plan, shelf }: StepContext,
): Promise<string> {
  const rootsPath = resolve(plan.outputs, 'roots.pem');
  for (const { planned, certificate } of authorities) {
    const pem = toPem('CERTIFICATE', certificate.der);
    await keep(shelf, planned.output, pem);
    if (planned.role === 'root') await keep(shelf, rootsPath, pem);
  }
  return rootsPath;
}
