import { load, medianRun, type Run, type Shape } from './load.ts';
import type { Effort } from './plan.ts';
import type { Subject } from './subject.ts';

/** Runs each server in turn, round after round, so that a noisy minute hits all of them alike; medians per server. */
export async function interleave<Name extends string>(
  subjects: Readonly<Record<Name, Subject>>,
  shape: Shape,
  { seconds, rounds }: Effort,
): Promise<Record<Name, Run>> {
  const names = Object.keys(subjects) as Name[];
  const runs = new Map<Name, Run[]>(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const name of names) runs.get(name)?.push(await load(subjects[name], shape, seconds));
  }
  return Object.fromEntries(names.map((name) => [name, medianRun(runs.get(name) ?? [])])) as Record<Name, Run>;
}
