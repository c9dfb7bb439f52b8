import { formatTlogProof } from '#audit/tlog-proof.ts';
import { Refusal } from '#refusal/refusal.ts';
import type { LogView } from './ports.ts';

/** The proof of an entry that is there, as a file; waits for the checkpoint that covers it. Throws Refusal `request.unknown`. */
export async function tlogProof(log: LogView, index: number, signal: AbortSignal): Promise<string> {
  demandEntry(log, index);
  return formatTlogProof(await log.tlogProof(index, signal));
}

/** Throws Refusal `request.unknown`. */
export function demandEntry({ size }: Pick<LogView, 'size'>, index: number): void {
  if (index >= size) throw new Refusal('request.unknown', `the log has ${size} records: there is none at ${index}`);
}
