import { existsSync } from 'node:fs';
import { Unverified } from '#audit/unverified.ts';
import { verifyDirectory } from '#audit/verify.ts';
import { PublishedLog } from '../audit/published-log.ts';
import { Failure } from '../failure.ts';
import { type Beside, type EvidenceLog, saidOf } from './evidence-log.ts';

/**
 * A published folder. A server may go on writing it: what came after the checkpoint is left aside. Throws Failure, or
 * Malformed for a checkpoint that the key has not signed.
 */
export function publishedEvidence(directory: string, beside: Beside): EvidenceLog {
  if (!existsSync(directory)) throw new Failure('input', `${directory}: there is no such folder`);
  const { trust, kept, archive } = beside;
  const log = new PublishedLog(directory, archive);
  const { note, checkpoint } = saidOf(log, beside);
  const walk: EvidenceLog['walk'] = async (onEntry, onProgress) => {
    try {
      const { hashesOnly } = await verifyDirectory(directory, trust.vkey, {
        archive,
        kept: [...kept, { file: 'the checkpoint that this is about', checkpoint }],
        onProgress,
        onEntry: (entry) => {
          if (entry.seq < checkpoint.size) onEntry(entry);
        },
      });
      return hashesOnly
        .map(({ from, to }) => ({ from, to: Math.min(to, checkpoint.size) }))
        .filter(({ from, to }) => from < to);
    } catch (thrown) {
      if (!(thrown instanceof Unverified)) throw thrown;
      throw new Failure('no', `${directory} is not verified: ${thrown.message}`, undefined, { cause: thrown });
    }
  };
  return { signed: log, note, checkpoint, walk };
}
