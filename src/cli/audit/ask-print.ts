import { disclosed, type PlacedDisclosure } from '#audit/disclosure.ts';
import { decodeEntry } from '#audit/entry.ts';
import type { Answer, Group, Rate } from '#audit/questions/answer.ts';
import type { Asked } from '#audit/questions/ask.ts';
import type { Question, Related } from '#audit/questions/catalogue.ts';
import { columns } from '#audit/questions/columns.ts';
import { inWords, stamp } from '../terminal/duration.ts';
import { plain } from '../terminal/plain.ts';
import { sparkline } from '../terminal/sparkline.ts';
import { table } from '../terminal/table.ts';
import type { Terminal } from '../terminal/terminal.ts';

const index = { title: 'INDEX', align: 'right' } as const;

const relatedTitle: Readonly<Record<Related, string>> = {
  'policy-loaded': 'LOADED AT',
  'crl-published': 'CRL AT',
  'key-first': 'KEY FIRST AT',
};

/** What was asked for, and the values that are kept beside the records of the answer. */
type Shown = Asked & { readonly beside?: readonly PlacedDisclosure[] | undefined };

/** An answer for people. */
export function printAnswer(question: Question, answer: Answer, asked: Shown, terminal: Terminal): void {
  switch (answer.answer) {
    case 'records':
      printRecords(question, answer, asked, terminal);
      break;
    case 'groups':
      printGroups(answer.groups, terminal);
      break;
    case 'rates':
      printRates(answer.rates, answer.unitMs, terminal);
  }
  if (answer.dropped !== undefined)
    terminal.note(
      terminal.noteStyle.dim(`of ${answer.dropped} records only the hashes are left: nothing of them is shown`),
    );
}

function printRecords(
  question: Question,
  { records, before }: Extract<Answer, { answer: 'records' }>,
  asked: Shown,
  terminal: Terminal,
): void {
  if (question.answer !== 'records') return;
  const { related } = question;
  const shown = question.columns.map((name) => columns[name]);
  const titles = [
    index,
    ...(related ? [{ title: relatedTitle[related] }] : []),
    ...shown.map(({ title }) => ({ title, shrinkTo: 12 })),
  ];
  const rows = records.map(({ index, entry, related: other }) => {
    const beside = asked.beside?.filter((each) => each.index === index) ?? [];
    const record = disclosed(decodeEntry(entry), beside);
    const cells = shown.map(({ of }) => plain(of(record) ?? '-'));
    return [String(index), ...(related ? [relation(other)] : []), ...cells];
  });
  if (rows.length === 0) terminal.note('no record matches');
  else terminal.print(table(titles, rows, terminal.columns, terminal.style));
  if (before !== undefined && records.length === asked.limit)
    terminal.note(terminal.noteStyle.dim(`there may be more: --before ${before}`));
}

function relation(related: { readonly index: number; readonly afterMs: number } | undefined): string {
  if (related === undefined) return '-';
  const { index, afterMs } = related;
  return `${index} (${inWords(Math.abs(afterMs) / 1_000)} ${afterMs < 0 ? 'before' : 'after'})`;
}

function printGroups(groups: readonly Group[], { columns, style, ...terminal }: Terminal): void {
  const [first] = groups;
  if (first === undefined) {
    terminal.note('no record matches');
    return;
  }
  const all = groups.reduce((sum, { count }) => sum + count, 0);
  const words = Object.keys(first.words);
  const titles = [
    { title: 'NEWEST INDEX', align: 'right' } as const,
    { title: 'COUNT', align: 'right' } as const,
    { title: 'SHARE', align: 'right' } as const,
    ...words.map((word) => ({ title: word.toUpperCase(), shrinkTo: 16 })),
  ];
  const rows = groups.map(({ index, count, words: found }) => [
    ...[String(index), String(count), `${((100 * count) / all).toFixed(1)}%`],
    ...words.map((word) => plain(found[word] ?? '-')),
  ]);
  terminal.print(table(titles, rows, columns, style));
}

function printRates(rates: readonly Rate[], unitMs: number, terminal: Terminal): void {
  const total = rates.reduce((sum, { count }) => sum + count, 0);
  const weekBefore = rates.reduce((sum, rate) => sum + rate.weekBefore, 0);
  const [first] = rates;
  if (terminal.columns !== undefined && first !== undefined) {
    const bars = sparkline(
      rates.map(({ count }) => count),
      terminal.columns - 2,
    );
    terminal.print(`  ${terminal.style.name(bars)}`);
    terminal.print(`  ${total} requests since ${stamp(first.start)}, ${weekBefore} a week before`);
  }
  const titles = [
    { title: 'FROM' },
    { title: 'COUNT', align: 'right' } as const,
    { title: 'WEEK BEFORE', align: 'right' } as const,
    { title: 'NEWEST INDEX', align: 'right' } as const,
  ];
  const rows = rates.flatMap(({ start, count, weekBefore, index }) =>
    count === 0 && weekBefore === 0 ? [] : [[stamp(start), `${count}`, `${weekBefore}`, `${index ?? '-'}`]],
  );
  if (rows.length === 0) terminal.note('no request came');
  else terminal.print(table(titles, rows, terminal.columns, terminal.style));
  terminal.note(terminal.noteStyle.dim(`counted by ${inWords(unitMs / 1_000)}`));
}
