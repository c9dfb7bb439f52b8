import { rootOf } from '#audit/cover.ts';
import { decodeEntry } from '#audit/entry.ts';
import type { KeptCheckpoint } from '#audit/kept-checkpoint.ts';
import { Runs } from '#audit/runs.ts';
import { type PostgresSettings, placeOf } from '#store/postgres/settings.ts';
import { verifyPostgres } from '#store/postgres/verify.ts';
import { StoreError } from '#store/store-error.ts';
import { SharedSignedLog } from '../audit/shared-signed-log.ts';
import type { SignedLog } from '../audit/signed-log.ts';
import { Failure } from '../failure.ts';
import { type Beside, type EvidenceLog, saidOf } from './evidence-log.ts';

/** Entries read at a time. */
const stride = 1_024;

/**
 * A log that replicas share in a PostgreSQL, on a machine that publishes nothing of it. Throws Failure `unavailable` before
 * anything was signed, Malformed for a checkpoint that the key has not signed; rejects with StoreError.
 */
export async function sharedEvidence(settings: PostgresSettings, beside: Beside): Promise<EvidenceLog> {
  const log = await SharedSignedLog.open(settings, beside.archive);
  if (log === undefined) throw new Failure('unavailable', `${placeOf(settings)}: no checkpoint was signed yet`);
  try {
    const { note, checkpoint } = saidOf(log, beside);
    const walk: EvidenceLog['walk'] = async (onEntry, onProgress) => {
      const demanded = [...beside.kept, { file: 'its checkpoint', checkpoint }];
      await verify(log, demanded, () => verifyPostgres(settings, onProgress));
      const { size } = checkpoint;
      const absent = new Runs();
      for (let from = 0; from < size; from += stride) {
        const to = Math.min(from + stride, size);
        for (const [at, octets] of (await log.entries(from, to)).entries())
          if (octets === undefined) absent.add(from + at);
          else onEntry(decodeEntry(octets));
        onProgress(to, size);
      }
      return absent.spans;
    };
    return { signed: log, note, checkpoint, walk };
  } catch (thrown) {
    await log.close();
    throw thrown;
  }
}

/** The whole of it, row by row; then each checkpoint against it. */
async function verify(
  log: SignedLog,
  demanded: readonly KeptCheckpoint[],
  rows: () => Promise<unknown>,
): Promise<void> {
  const unverified = (problem: string, cause?: unknown) =>
    new Failure('no', `${log.name} is not verified: ${problem}`, undefined, { cause });
  try {
    await rows();
    for (const { file, checkpoint } of demanded) {
      const { size, root } = checkpoint;
      if (size > log.size) throw unverified(`it has ${log.size} records, and ${file} speaks of ${size}`);
      if (Buffer.compare(await rootOf(log.hashes, size), root) !== 0)
        throw unverified(`its first ${size} records are not those that ${file} was signed over`);
    }
  } catch (thrown) {
    if (!(thrown instanceof StoreError) || thrown.code === 'unreachable') throw thrown;
    throw unverified(thrown.message, thrown);
  }
}
