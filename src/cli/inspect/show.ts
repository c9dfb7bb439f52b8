import { type Fact, facts } from '../terminal/facts.ts';
import { plain } from '../terminal/plain.ts';
import type { Style } from '../terminal/style.ts';

/** One thing that was read: for people as facts, for scripts as data. */
export interface Shown {
  readonly kind: string;
  readonly title: string;
  readonly facts: readonly Fact[];
  /** What the reader should not overlook, such as "the signature is not checked". */
  readonly notes: readonly string[];
  readonly data: Readonly<Record<string, unknown>>;
}

export function show(item: Shown, index: number, count: number, style: Style): string {
  const place = count > 1 ? style.dim(`  (${index + 1} of ${count})`) : '';
  const printable = item.facts.map(
    ([name, text]): Fact => [plain(name), typeof text === 'string' ? plain(text) : text?.map(plain)],
  );
  const notes = item.notes.map((note) => `  ${style.warn('!')} ${plain(note)}`);
  return [style.heading(plain(item.title)) + place, facts(printable, style), ...notes]
    .filter((part) => part !== '')
    .join('\n');
}

export function asJson({ kind, data, notes }: Shown): Readonly<Record<string, unknown>> {
  return { kind, ...data, ...(notes.length > 0 ? { notes } : {}) };
}
