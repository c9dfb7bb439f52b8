import { decodeEntry, type Entry } from '../entry.ts';
import type { Answer, AnsweredRecord, Group, Rate } from './answer.ts';

/**
 * An answer for scripts: records as the log holds them, moments as RFC 3339. It speaks of the log's first `size` entries, but
 * for the `dropped`, of which only the hashes are left.
 */
export type AnswerJson = { readonly size: number; readonly dropped?: number } & (
  | { readonly records: RecordJson[]; readonly before?: number }
  | { readonly groups: Group[] }
  | { readonly unitSeconds: number; readonly rates: RateJson[] }
);

export interface RecordJson {
  readonly index: number;
  readonly record: Entry;
  readonly related?: NonNullable<AnsweredRecord['related']>;
}

type RateJson = Omit<Rate, 'start'> & { readonly start: string };

export function answerJson(answer: Answer): AnswerJson {
  const about = { size: answer.upTo, ...(answer.dropped !== undefined && { dropped: answer.dropped }) };
  switch (answer.answer) {
    case 'records': {
      const records = answer.records.map(({ index, entry, related }) => ({
        index,
        record: decodeEntry(entry),
        ...(related && { related }),
      }));
      return { ...about, records, ...(answer.before !== undefined && { before: answer.before }) };
    }
    case 'groups':
      return { ...about, groups: [...answer.groups] };
    case 'rates': {
      const rates = answer.rates.map(({ start, ...rest }) => ({ start: new Date(start).toISOString(), ...rest }));
      return { ...about, unitSeconds: answer.unitMs / 1_000, rates };
    }
  }
}
