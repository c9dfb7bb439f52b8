import { resolve } from 'node:path';
import type { Clock, Entropy } from '#issuance/ports.ts';
import { CeremonyError } from './ceremony-error.ts';
import { stepIntended } from './facts.ts';
import { Journal } from './journal.ts';
import type { CeremonyPlan } from './plan.ts';
import type { KeyStores, RecordFact, Shelf } from './ports.ts';
import { transcriptJson, transcriptText } from './transcript.ts';

/** What the composition root hands to a ceremony. */
export interface CeremonyTools {
  readonly stores: KeyStores;
  readonly shelf: Shelf;
  readonly clock: Clock;
  readonly entropy: Entropy;
  /** Called before and after each step, and awaited. */
  readonly record?: RecordFact;
}

/** What every step works with. */
export interface StepContext extends Required<CeremonyTools> {
  readonly plan: CeremonyPlan;
  readonly journal: Journal;
}

/**
 * Runs steps with the ceremony's directory held against a second run, its journal open, and the file noted in it once
 * per version. Throws CeremonyError `journal`; whatever `steps` throws leaves the journal where it was.
 */
export async function inCeremony<Result>(
  plan: CeremonyPlan,
  tools: CeremonyTools,
  steps: (context: StepContext) => Promise<Result>,
): Promise<Result> {
  const release = await tools.shelf.hold(resolve(plan.outputs, 'ceremony.lock'));
  try {
    const journal = await Journal.open(journalPathOf(plan), tools.shelf, tools.clock);
    const context = { ...tools, record: tools.record ?? (async () => {}), plan, journal };
    await noteFile(context);
    return await steps(context);
  } finally {
    await release();
  }
}

export const journalPathOf = ({ outputs }: CeremonyPlan) => resolve(outputs, 'ceremony.journal');

async function noteFile({ plan, journal, record }: StepContext): Promise<void> {
  const opened = journal.last('open');
  if (opened !== undefined && opened.ceremony !== plan.name) {
    throw new CeremonyError(
      'journal',
      `${plan.outputs} holds the ceremony ${opened.ceremony}; give ${plan.name} another outputs directory`,
    );
  }
  if (opened?.fileSha256 === plan.fileSha256) return;
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

/** Replaces a file only where its content differs: a run that changes nothing touches nothing. */
export async function keep(shelf: Shelf, path: string, content: string): Promise<void> {
  if ((await shelf.read(path)) !== content) await shelf.replace(path, content);
}

/** Both transcripts, from the journal as it stands. */
export async function keepTranscripts({
  plan,
  journal,
  shelf,
}: StepContext): Promise<readonly [text: string, json: string]> {
  const paths = [resolve(plan.outputs, 'transcript.txt'), resolve(plan.outputs, 'transcript.json')] as const;
  await keep(shelf, paths[0], transcriptText(plan, journal.entries));
  await keep(shelf, paths[1], transcriptJson(plan, journal.entries));
  return paths;
}
