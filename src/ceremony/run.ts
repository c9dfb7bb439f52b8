import { hash } from 'node:crypto';
import { resolve } from 'node:path';
import type { Clock, Entropy } from '#issuance/ports.ts';
import type { Certificate } from '#x509/certificate.ts';
import { toPem } from '#x509/pem.ts';
import { ensureCertificate, ensureKey, type Made, type StepContext } from './authority-steps.ts';
import { CeremonyError } from './ceremony-error.ts';
import type { IssuingAuthority } from './certify.ts';
import { stepIntended } from './facts.ts';
import { Journal } from './journal.ts';
import type { CeremonyPlan, PlannedCertificate } from './plan.ts';
import type { CeremonyKey, KeyStores, RecordFact, Shelf } from './ports.ts';
import { transcriptJson, transcriptText } from './transcript.ts';

export interface CeremonyTools {
  readonly stores: KeyStores;
  readonly shelf: Shelf;
  readonly clock: Clock;
  readonly entropy: Entropy;
  /** Called before and after each step, and awaited. */
  readonly record?: RecordFact;
  /** For people who watch: one call as each authority is done. */
  readonly progress?: (authority: CertifiedAuthority) => void;
}

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

export interface CeremonyOutcome {
  readonly plan: CeremonyPlan;
  /** Root first. Keys that live in memory are not among them. */
  readonly authorities: readonly CertifiedAuthority[];
  /** True when nothing was left to do. */
  readonly unchanged: boolean;
  readonly journalPath: string;
  readonly rootsPath: string;
  readonly transcriptPaths: readonly [text: string, json: string];
}

/**
 * Makes what the plan says, or the rest of it, or nothing where all is in place: the same call finishes a ceremony
 * that was interrupted anywhere. Throws CeremonyError, and whatever the stores, the shelf or `record` reject with.
 */
export async function runCeremony(plan: CeremonyPlan, tools: CeremonyTools): Promise<CeremonyOutcome> {
  const { root } = plan;
  if (root === undefined) {
    throw new CeremonyError('no-root', `${plan.file} plans no root; ask your own CA with "ceremony request"`);
  }
  const context = await openContext(plan, tools);
  const finish = (authority: CertifiedAuthority) => {
    tools.progress?.(authority);
    return authority;
  };
  const top = finish(await ensureAuthority(root, undefined, context));
  const authorities = [top];
  for (const planned of plan.intermediates) {
    if (planned.keyIn === 'memory') continue;
    authorities.push(finish(await ensureAuthority(planned, top, context)));
  }
  const paths = await writeOutputs(plan, authorities, context.journal, tools.shelf);
  await Promise.all(authorities.map(({ key }) => key.signer.close()));
  const unchanged = authorities.every(({ keyWas, certificateWas }) => keyWas === 'found' && certificateWas === 'found');
  return { plan, authorities, unchanged, ...paths };
}

export const journalPathOf = ({ outputs }: CeremonyPlan) => resolve(outputs, 'ceremony.journal');

/** Opens the journal and notes the file in it, once per version of the file. */
export async function openContext(plan: CeremonyPlan, tools: CeremonyTools): Promise<StepContext> {
  const { shelf, stores, clock, entropy, record = async () => {} } = tools;
  const journal = await Journal.open(journalPathOf(plan), shelf, clock);
  const opened = journal.last('open');
  if (opened !== undefined && opened.ceremony !== plan.name) {
    throw new CeremonyError(
      'journal',
      `${plan.outputs} holds the ceremony ${opened.ceremony}; give ${plan.name} another outputs directory`,
    );
  }
  if (opened?.fileSha256 !== plan.fileSha256) {
    const { name, fileSha256, operators, approvers } = plan;
    await record(stepIntended(plan, `begins, by the file with SHA-256 ${fileSha256}`));
    await journal.write({
      step: 'open',
      ceremony: name,
      fileSha256,
      operators: [...operators],
      approvers: [...approvers],
    });
  }
  return { plan, stores, journal, clock, entropy, record };
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

/** All of it comes from the journal: a file that is missing or damaged is written again. */
async function writeOutputs(
  plan: CeremonyPlan,
  authorities: readonly CertifiedAuthority[],
  journal: Journal,
  shelf: Shelf,
): Promise<Pick<CeremonyOutcome, 'journalPath' | 'rootsPath' | 'transcriptPaths'>> {
  const rootsPath = resolve(plan.outputs, 'roots.pem');
  for (const { planned, certificate } of authorities) {
    const pem = toPem('CERTIFICATE', certificate.der);
    await keep(shelf, planned.output, pem);
    if (planned.role === 'root') await keep(shelf, rootsPath, pem);
  }
  const transcriptPaths = [resolve(plan.outputs, 'transcript.txt'), resolve(plan.outputs, 'transcript.json')] as const;
  await keep(shelf, transcriptPaths[0], transcriptText(plan, journal.entries));
  await keep(shelf, transcriptPaths[1], transcriptJson(plan, journal.entries));
  return { journalPath: journalPathOf(plan), rootsPath, transcriptPaths };
}

async function keep(shelf: Shelf, path: string, content: string): Promise<void> {
  if ((await shelf.read(path)) !== content) await shelf.replace(path, content);
}
