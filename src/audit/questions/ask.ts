import { type Question, type QuestionName, questions } from './catalogue.ts';
import { type FilterName, type Filters, filterNames, filters } from './filters.ts';

/** A question with all it needs. */
export interface Asked {
  readonly name: QuestionName;
  readonly filters: Filters;
  /** ms since the epoch: what "now" is in the answer. */
  readonly now: number;
  /** Only records below this leaf index: where the page before ended. */
  readonly before?: number;
  /** Most rows, 1 to 1,000; 50 unless told. */
  readonly limit?: number;
}

export const maxRows = 1_000;
export const usualRows = 50;

/** Why a question cannot be answered as it is asked, in words for whoever asks; undefined when it can. */
export function problemWith(name: QuestionName, given: Filters): string | undefined {
  const question = questions[name];
  const taken = takenBy(question);
  const unused = filterNames.find((filter) => given[filter] !== undefined && !taken.includes(filter));
  if (unused !== undefined) return `${name} cannot be narrowed by ${unused}; it takes ${taken.join(', ')}`;
  const missing = question.needs?.find((group) => group.every((filter) => given[filter] === undefined));
  if (missing !== undefined) return `${name} needs ${missing.join(' or ')}`;
  const age = given['older-than'];
  return age !== undefined && age < youngestOldKey ? 'older-than begins at a day' : undefined;
}

/** ms; keys are looked up by age from here on. */
const youngestOldKey = 86_400_000;

/** Filters that a question can be narrowed by. */
export function takenBy(question: Question): readonly FilterName[] {
  if (question.answer !== 'records') return question.takes;
  // Whether a certificate was renewed is known as of now alone.
  const apart: readonly FilterName[] = [
    ...(question.kept === 'old-key' ? [] : (['older-than'] as const)),
    ...(question.kept === 'not-renewed' ? (['at'] as const) : []),
  ];
  return filterNames.filter((name) => !apart.includes(name));
}

/** `2h` ago or RFC 3339 becomes a moment, and so on. `span` reads a length of time in ms, or throws. Throws RangeError. */
export function readFilter(name: FilterName, text: string, now: number, span: (text: string) => number) {
  const { form } = filters[name];
  switch (form) {
    case 'moment':
      return moment(name, text, now, span);
    case 'span':
      return length(name, text, span);
    case 'hex':
      return hexadecimal(name, text);
    case 'account':
      if (!/^[^/]+\/[^/]+$/.test(text)) throw new RangeError(`${name} ${text}: give NAMESPACE/NAME`);
      return text;
    case 'outcome':
      if (!/^(success|denied|failed)$/.test(text)) throw new RangeError(`${name} ${text}: success, denied or failed`);
      return text;
    case 'text':
    case 'beginning':
      if (text === '') throw new RangeError(`${name}: is empty`);
      return text;
  }
}

function moment(name: string, text: string, now: number, span: (text: string) => number): number {
  const at = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : now - (spanOr(text, span) ?? Number.NaN);
  if (!Number.isNaN(at)) return at;
  throw new RangeError(`${name} ${text}: give RFC 3339 (2026-11-21T12:00:00Z), a day, or a length of time such as 2h`);
}

function length(name: string, text: string, span: (text: string) => number): number {
  const found = spanOr(text, span);
  if (found !== undefined) return found;
  throw new RangeError(`${name} ${text}: give a length of time such as 2h or 30d`);
}

function spanOr(text: string, span: (text: string) => number): number | undefined {
  try {
    return span(text);
  } catch {
    return undefined;
  }
}

function hexadecimal(name: string, text: string): string {
  const hex = text.replaceAll(':', '').toLowerCase();
  if (/^[0-9a-f]+$/.test(hex)) return hex.length % 2 === 0 ? hex : `0${hex}`;
  throw new RangeError(`${name} ${text}: give hexadecimal digits`);
}
