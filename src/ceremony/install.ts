import { hash } from 'node:crypto';
import { resolve } from 'node:path';
import { ChainError, checkIssuer, type IssuerChain, type IssuerQuestion } from '#authority/check-issuer.ts';
import { toPem } from '#x509/pem.ts';
import { ensureKey, fromBase64, toBase64 } from './authority-steps.ts';
import { CeremonyError } from './ceremony-error.ts';
import { type CeremonyTools, inCeremony, keep, keepTranscripts, type StepContext } from './context.ts';
import { chainInstalled, stepIntended } from './facts.ts';
import type { CeremonyPlan, PlannedCertificate } from './plan.ts';
import { outsideIntermediate } from './request.ts';

export interface InstallOutcome extends IssuerChain {
  readonly planned: PlannedCertificate;
  /** Issuer and what is above it, root excluded. */
  readonly certificatePath: string;
  /** Every root of this ceremony's chains. */
  readonly rootsPath: string;
  /** True when this very chain was installed already. */
  readonly unchanged: boolean;
}

/**
 * Takes the chain that an outside CA gave for a request of ours: checked first, then one line in the journal, then
 * the files, which are written from the journal: a crash between leaves files that the next run writes again.
 * Throws CeremonyError `chain` with all that is wrong, and changes nothing.
 */
export async function installChain(
  plan: CeremonyPlan,
  label: string,
  pem: { readonly chain: string; readonly roots?: string },
  tools: CeremonyTools,
): Promise<InstallOutcome> {
  const planned = outsideIntermediate(plan, label);
  return inCeremony(plan, tools, async (context) => {
    const { journal, record, clock } = context;
    if (journal.last('request', label) === undefined) {
      throw new CeremonyError('no-request', `no request for ${label} was made here; begin with "ceremony request"`);
    }
    const [key] = await ensureKey(planned, context);
    const now = Math.floor(clock.now() / 1000);
    const checked = demandChain({ ...pem, spki: key.signer.spki, trustDomain: plan.trustDomain, now });
    const chain = [...checked.path, ...checked.cross, checked.root].map(({ der }) => toBase64(der));
    const unchanged = journal.last('installed', label)?.chain.join() === chain.join();
    if (!unchanged) {
      await record(stepIntended(plan, `will install the chain of ${label}, under ${checked.root.subjectText}`));
      await record(chainInstalled(plan, checked.issuer, key));
      await journal.write({ step: 'installed', label, sha256: hash('sha256', checked.issuer.der), chain });
    }
    const rootsPath = await keepChains(context);
    await keepTranscripts(context);
    await key.signer.close();
    return { ...checked, planned, unchanged, certificatePath: planned.output, rootsPath };
  });
}

function demandChain(question: IssuerQuestion): IssuerChain {
  try {
    return checkIssuer(question);
  } catch (thrown) {
    if (!(thrown instanceof ChainError)) throw thrown;
    throw new CeremonyError('chain', thrown.message, { cause: thrown });
  }
}

/** Every chain that was installed, and all their roots, from the journal. */
async function keepChains({ plan, journal, shelf }: StepContext): Promise<string> {
  const pem = (der: string) => toPem('CERTIFICATE', fromBase64(der));
  const roots = new Set<string>();
  for (const { label, output } of plan.intermediates) {
    const chain = journal.last('installed', label)?.chain ?? [];
    const root = chain.at(-1);
    if (root === undefined) continue;
    roots.add(pem(root));
    await keep(shelf, output, chain.slice(0, -1).map(pem).join(''));
  }
  const rootsPath = resolve(plan.outputs, 'roots.pem');
  await keep(shelf, rootsPath, [...roots].join(''));
  return rootsPath;
}
