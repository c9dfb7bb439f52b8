import { copyFileSync, readFileSync } from 'node:fs';
import { planCeremony } from '#ceremony/plan.ts';
import { type CeremonyOutcome, runCeremony } from '#ceremony/run.ts';
import { initialiseToken } from '#keys/pkcs11/initialise-token.ts';
import { openTools } from '../ceremony/tools.ts';
import { type Layout, softhsmModule } from './layout.ts';

export interface HeldCeremony {
  readonly token: 'initialised' | 'already-there';
  readonly outcome: CeremonyOutcome;
}

/** The ceremony of the home's file in the home's software token, each step in the home's log before and after it. */
export async function holdCeremony(layout: Layout): Promise<HeldCeremony> {
  const token = await initialiseToken(
    softhsmModule(),
    'countersign-quickstart',
    { file: layout.soPin },
    { file: layout.pin },
  );
  const plan = planCeremony(readFileSync(layout.ceremony, 'utf8'), layout.ceremony, {
    home: layout.home.directory,
    now: Date.now(),
  });
  await using open = await openTools(plan, layout.home.config);
  const outcome = await runCeremony(plan, open.tools);
  copyFileSync(outcome.rootsPath, layout.home.roots);
  return { token, outcome };
}
