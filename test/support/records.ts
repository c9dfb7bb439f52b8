import { decodeEntry } from '#audit/entry.ts';
import type { EventType } from '#audit/event.ts';
import { StoredLog } from '../../src/cli/audit/stored-log.ts';
import type { TestHome } from './home.ts';

export type LogRecord = ReturnType<typeof decodeEntry>;

/** All records of a home's store, read beside the server that writes it. */
export function recordsOf(home: TestHome): LogRecord[] {
  const log = new StoredLog(home.path('audit'));
  try {
    const records: LogRecord[] = [];
    for (let from = 0; from < log.size; from += 1000) {
      const entries = log.entries(from, Math.min(log.size, from + 1000));
      records.push(...entries.filter((entry) => entry !== undefined).map(decodeEntry));
    }
    return records;
  } finally {
    log.close();
  }
}

const terminal: ReadonlySet<EventType> = new Set(['certificate.issued', 'certificate.denied', 'certificate.failed']);

/** Ends of requests: our own serving certificate is no request. */
export function endsIn(records: readonly LogRecord[]): LogRecord[] {
  return records.filter(({ type, door }) => terminal.has(type) && door !== 'internal');
}

/** How many requests ended each way, by `type reason`; an aggregated record counts for all that it stands for. */
export function countEnds(records: readonly LogRecord[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { type, reason, count } of endsIn(records)) {
    const key = typeof reason === 'string' ? `${type} ${reason}` : type;
    counts[key] = (counts[key] ?? 0) + (typeof count === 'number' ? count : 1);
  }
  return counts;
}
