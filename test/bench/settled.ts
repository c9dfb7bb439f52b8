import { setTimeout as wait } from 'node:timers/promises';
import { median } from './median.ts';
import { cpuOf } from './process-cpu.ts';
import type { Subject } from './subject.ts';

/** ms between two looks whether a server still works, how many in a row say that it does not, and the most of them. */
const lookMs = 500;
const quietLooks = 4;
const mostLooks = 240;
/** µs of CPU in a look that a server needs for nothing. */
const idleMicros = 40_000;

/** Once it has nothing to do; what it takes even so, µs of CPU in a ms. */
export async function settled({ pid }: Subject): Promise<number> {
  let quiet: number[] = [];
  for (let look = 0; look < mostLooks && quiet.length < quietLooks; look++) {
    const [before, at] = [cpuOf(pid).own, performance.now()];
    await wait(lookMs);
    const micros = cpuOf(pid).own - before;
    quiet = micros < idleMicros ? [...quiet, micros / (performance.now() - at)] : [];
  }
  if (quiet.length < quietLooks) throw new Error('a server of the benchmark finds no rest');
  return median(quiet);
}
