import { setTimeout as wait } from 'node:timers/promises';
import type { Progress } from './benchmark.ts';
import { load } from './load.ts';
import { residentOf } from './process-cpu.ts';
import { softwareSetting } from './setting.ts';
import { startFull } from './subject.ts';

export interface MemoryResult {
  readonly minutes: number;
  readonly certificates: number;
  /** Resident set once a second, MiB, after the first tenth of the time. */
  readonly least: number;
  readonly most: number;
  readonly first: number;
  readonly last: number;
  /** Least squares over the second half, MiB a minute. */
  readonly slope: number;
}

const concurrency = 128;
const second = 1000;

/** Full load on the real server, its resident memory looked at every second. */
export async function memoryUnderLoad(minutes: number, progress: Progress): Promise<MemoryResult> {
  if (!(minutes > 0 && minutes <= 24 * 60)) throw new RangeError('--memory takes minutes, up to a day');
  using undo = new DisposableStack();
  const setting = undo.adopt(softwareSetting(), (each) => each.remove());
  await using stack = new AsyncDisposableStack();
  const subject = await startFull(setting);
  stack.defer(() => subject.stop());
  const resident: number[] = [];
  const done = load(subject, { concurrency }, minutes * 60);
  let ended = false;
  void done.finally(() => (ended = true)).catch(() => {});
  while (!ended) {
    await wait(second);
    resident.push(residentOf(subject.pid));
    progress(`${resident.length} s: ${resident.at(-1)?.toFixed(0)} MiB`);
  }
  await done;
  const settled = resident.slice(Math.floor(resident.length / 10));
  return {
    minutes,
    certificates: (await subject.sample()).done,
    least: Math.min(...settled),
    most: Math.max(...settled),
    first: settled[0] ?? Number.NaN,
    last: settled.at(-1) ?? Number.NaN,
    slope: 60 * slopeOf(resident.slice(Math.floor(resident.length / 2))),
  };
}

/** Change per step by least squares. */
function slopeOf(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  let above = 0;
  let below = 0;
  for (const [at, value] of values.entries()) {
    above += (at - middle) * (value - mean);
    below += (at - middle) ** 2;
  }
  return above / below;
}
