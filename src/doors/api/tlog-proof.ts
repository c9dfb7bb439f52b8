import { formatTlogProof } from '#audit/tlog-proof.ts';
import { Refusal } from '#refusal/refusal.ts';
import type { LogView } from './ports.ts';

/** The proof of an entry that is there, as a file; waits for the checkpoint that covers it. Throws Refusal `request.unknown`. */
export async function tlogProof(log: LogView, index: number, signal: AbortSignal): Promise<string> {
  await entryAt(log, index);
  return formatTlogProof(await log.tlogProof(index, signal));
}

/** Throws Refusal `request.unknown` for one that is not there, or of which only the hash is left. */
export async function entryAt(log: Pick<LogView, 'size' | 'entry'>, index: number): Promise<Uint8Array> {
  demandSize(log, index + 1);
  const entry = await log.entry(index);
  if (entry !== undefined) return entry;
  throw new Refusal('request.unknown', `of the record at ${index} only the hash is left: a record log.pruned says why`);
}

/** Throws Refusal `request.unknown`. */
export function demandSize(log: Pick<LogView, 'size'>, size: number): void {
  if (size > log.size) throw new Refusal('request.unknown', `the log has ${log.size} records, not ${size}`);
}
