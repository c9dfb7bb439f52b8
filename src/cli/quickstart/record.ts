import { existsSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { decodeEntry, type Entry } from '#audit/entry.ts';
import { readLogKey } from '../audit/log-key.ts';
import { newestFirst } from '../audit/newest-first.ts';
import { PublishedLog } from '../audit/published-log.ts';
import { Failure } from '../failure.ts';
import type { Home } from '../home.ts';
import type { Progress } from '../terminal/progress.ts';
import type { Terminal } from '../terminal/terminal.ts';

export interface OnRecord {
  readonly index: number;
  readonly size: number;
  readonly entry: Entry;
  /** Hashes of the inclusion proof, verified up to the root that the checkpoint signs. */
  readonly proofLength: number;
}

/** The log is published within a second of a commit. */
const publishTimeoutMs = 3_000;
const lookEveryMs = 100;

/**
 * The record that fits, its inclusion proven from the published files and the public key alone. A server that has been
 * running counts like refusals instead of repeating them; then it is the first of them, from before `since`.
 */
export async function findOnRecord(
  home: Home,
  since: number,
  terminal: Terminal,
  fits: (entry: Entry) => boolean,
): Promise<OnRecord> {
  const vkey = readLogKey(undefined, home);
  using progress = terminal.progress('waiting for the log to be published');
  for (let waited = 0; waited < publishTimeoutMs; waited += lookEveryMs) {
    const found = existsSync(home.log) ? await look(home, vkey, progress, fits) : undefined;
    if (found !== undefined && found.index >= since) return found;
    await wait(lookEveryMs);
  }
  const earlier = await look(home, vkey, progress, fits);
  if (earlier === undefined) throw new Failure('no', 'the published log does not hold what just happened');
  return earlier;
}

/** Entries under the published checkpoint. */
export function publishedSize(home: Home): number {
  return existsSync(home.log) ? new PublishedLog(home.log).size : 0;
}

async function look(
  home: Home,
  vkey: string,
  progress: Progress,
  fits: (entry: Entry) => boolean,
): Promise<OnRecord | undefined> {
  const log = new PublishedLog(home.log);
  for await (const [index, octets] of newestFirst(log, progress)) {
    const entry = decodeEntry(octets);
    if (fits(entry)) return { index, size: log.size, entry, proofLength: log.prove(index, { vkey }).path.length };
  }
  return undefined;
}
