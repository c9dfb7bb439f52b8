import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openCheckpoint, parseCheckpoint } from '#audit/checkpoint.ts';
import type { KeptCheckpoint } from '#audit/kept-checkpoint.ts';
import { Malformed } from '#audit/malformed.ts';
import { checkpointPath } from '#audit/tiles.ts';
import { Unverified } from '#audit/unverified.ts';
import { parseVkeys } from '#audit/vkey.ts';
import { Failure } from '../failure.ts';
import type { Home } from '../home.ts';

/** How long a server may take from keeping what it signed to publishing it, ms. */
const publicationTakes = 1_000;

/** The checkpoints of earlier looks. Throws Failure `input` for one that the log's key has not signed. */
export function readKept(files: readonly string[], vkey: string): KeptCheckpoint[] {
  return files.map((file) => {
    try {
      return { file, checkpoint: openCheckpoint(readFileSync(file), ...parseVkeys(vkey)) };
    } catch (cause) {
      if (!(cause instanceof Malformed)) throw cause;
      throw new Failure('input', `${file}: ${cause.message}`, undefined, { cause });
    }
  });
}

/**
 * What the server of a home keeps of its last signature, once it is published too: a server may be between the two. Throws
 * Unverified where the key has not signed it.
 */
export async function readGuard(home: Home, vkey: string): Promise<KeptCheckpoint | undefined> {
  const file = join(home.audit, 'checkpoint.guard');
  if (!existsSync(file)) return undefined;
  const verifiers = parseVkeys(vkey);
  let checkpoint: KeptCheckpoint['checkpoint'];
  try {
    checkpoint = openCheckpoint(readFileSync(file), ...verifiers);
  } catch (cause) {
    if (cause instanceof Malformed) throw new Unverified(file, undefined, cause.message, { cause });
    throw cause;
  }
  for (let left = publicationTakes; left > 0 && publishedSize(home) < checkpoint.size; left -= 50) await delay(50);
  return { file, checkpoint };
}

/** As it stands, whether it holds or not. */
function publishedSize(home: Home): number {
  try {
    return parseCheckpoint(readFileSync(join(home.log, checkpointPath))).size;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
