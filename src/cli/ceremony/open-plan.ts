import { readFileSync } from 'node:fs';
import { type CeremonyPlan, planCeremony } from '#ceremony/plan.ts';
import { formatProblems } from '#document/problem.ts';
import type { Home } from '../home.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** The plan of a ceremony's file; its warnings go to stderr. Throws DocumentError, or the error of the file system. */
export function openPlan(file: string | undefined, home: Home, terminal: Terminal): CeremonyPlan {
  const path = file ?? '';
  const plan = planCeremony(readFileSync(path, 'utf8'), path, { home: home.directory, now: Date.now() });
  if (plan.warnings.length > 0) terminal.note(terminal.noteStyle.warn(formatProblems(plan.warnings)));
  return plan;
}
