import { load, medianRun, type Run, type Shape } from './load.ts';
import { median } from './median.ts';
import type { Effort } from './plan.ts';
import type { Subject } from './subject.ts';

/** Runs of several servers under one load, round by round. */
export class Interleaved<Name extends string> {
  readonly #runs: ReadonlyMap<Name, readonly Run[]>;

  private constructor(runs: ReadonlyMap<Name, readonly Run[]>) {
    this.#runs = runs;
  }

  /** Each server in turn, round after round, so that a noisy minute hits all of them alike. */
  static async of<Name extends string>(
    subjects: Readonly<Record<Name, Subject>>,
    shape: Shape,
    { seconds, rounds }: Effort,
  ): Promise<Interleaved<Name>> {
    const names = Object.keys(subjects) as Name[];
    const runs = new Map<Name, Run[]>(names.map((name) => [name, []]));
    for (let round = 0; round < rounds; round++) {
      for (const name of names) runs.get(name)?.push(await load(subjects[name], shape, seconds));
    }
    return new Interleaved(runs);
  }

  /** The median of each number of one server's runs. */
  run(name: Name): Run {
    return medianRun(this.#runs.get(name) ?? []);
  }

  /** One server's number over another's: the median of the rounds' quotients, each of two runs side by side. */
  ratio(over: Name, under: Name, of: (run: Run) => number): number {
    const below = this.#runs.get(under) ?? [];
    const quotients = (this.#runs.get(over) ?? []).map((run, at) => of(run) / of(below[at] ?? run));
    return median(quotients);
  }
}

const warmConcurrency = 64;

/** A server whose code has just been loaded is several times slower than one that has run for seconds. */
export async function warmUp(subject: Subject, { warmUp: seconds }: Effort): Promise<void> {
  if (seconds > 0) await load(subject, { concurrency: warmConcurrency }, seconds);
}
