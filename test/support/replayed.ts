import type { Entry } from '#audit/entry.ts';
import type { Finding } from '#issuance/replay/finding.ts';
import type { KindName } from '#issuance/replay/kinds.ts';
import { Replay } from '#issuance/replay/replay.ts';

/** What does not fit in these records, from the log's beginning on, and how many of each kind there were. */
export function replayed(records: Iterable<Entry>) {
  const replay = new Replay();
  const findings: Finding[] = [];
  for (const record of records) {
    replay.learn(record);
    const found = replay.check(record);
    if (found !== undefined) findings.push(found);
  }
  const kinds: Partial<Record<KindName, number>> = Object.fromEntries(replay.counts);
  return { findings, kinds };
}
