import { decodeEntry } from '#audit/entry.ts';
import type { Answer } from '#audit/questions/answer.ts';

/** An answer for scripts: records as the log holds them, moments as RFC 3339. */
export function answerJson(answer: Answer): object {
  const size = answer.upTo;
  switch (answer.answer) {
    case 'records': {
      const records = answer.records.map(({ index, entry, related }) => ({
        index,
        record: decodeEntry(entry),
        ...(related && { related }),
      }));
      return { size, records, ...(answer.before !== undefined && { before: answer.before }) };
    }
    case 'groups':
      return { size, groups: answer.groups };
    case 'rates': {
      const rates = answer.rates.map(({ start, ...rest }) => ({ start: new Date(start).toISOString(), ...rest }));
      return { size, unitSeconds: answer.unitMs / 1_000, rates };
    }
  }
}
