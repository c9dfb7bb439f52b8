import type { Progress } from '../terminal/progress.ts';
import type { LogSource } from './log-source.ts';

/** Entries read at a time; a multiple of a bundle. */
const stride = 1_024;

/** Index and octets of the entries before `end`, newest first. */
export async function* newestFirst(
  source: LogSource,
  progress: Progress,
  end = source.size,
): AsyncGenerator<readonly [index: number, octets: Uint8Array]> {
  const total = Math.min(end, source.size);
  for (let to = total; to > 0; ) {
    const from = Math.floor((to - 1) / stride) * stride;
    const entries = await source.entries(from, to);
    for (let i = entries.length - 1; i >= 0; i--) {
      const octets = entries[i];
      if (octets !== undefined) yield [from + i, octets];
    }
    to = from;
    progress.at(total - from, total);
  }
}
