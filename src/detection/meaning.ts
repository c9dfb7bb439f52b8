import { eventTypes } from '#audit/event.ts';
import type { Document } from '#document/document.ts';
import { nearest } from '#document/nearest.ts';
import type { Problem } from '#document/problem.ts';
import { parseDuration } from '#document/scalars.ts';
import { doorNames } from '#policy/permit.ts';
import type { OutsideWindowSpec, WatchRuleDocument } from './document.ts';
import type { FieldName } from './field.ts';
import { compileFilter, type Filter, unseen } from './filter.ts';

type Path = readonly (string | number)[];

/** What only meaning shows of a rule whose shape is right. */
export function meaningProblems(document: Document<WatchRuleDocument>): Problem[] {
  const { spec } = document.content;
  const { burst, distinct, outsideWindow, unless = [], quiet } = spec;
  const problems: Problem[] = [];
  const report = (path: Path, message: string, suggestion?: string) => {
    problems.push(document.problem([...path], message, { suggestion }));
  };
  const given = Object.entries({ burst, distinct, outsideWindow }).filter(([, each]) => each !== undefined);
  if (given.length !== 1) {
    const found = given.length === 0 ? 'none is given' : `${given.map(([name]) => name).join(' and ')} are given`;
    report(['spec'], `exactly one of burst, distinct, outsideWindow belongs here; ${found}`);
  }
  for (const [name, condition] of given)
    if (condition !== undefined) checkFilter(condition.match, ['spec', name, 'match'], report);
  for (const [at, filter] of unless.entries()) checkFilter(filter, ['spec', 'unless', at], report);
  if (quiet !== undefined) checkSpan(quiet, ['spec', 'quiet'], report);
  if (burst !== undefined) {
    if (burst.within !== undefined) checkSpan(burst.within, ['spec', 'burst', 'within'], report);
    else if (burst.count > 1) report(['spec', 'burst'], '"within" is missing: the time in which so many make a burst');
  }
  if (distinct !== undefined) {
    checkSpan(distinct.within, ['spec', 'distinct', 'within'], report);
    if (distinct.by.includes(distinct.of))
      report(['spec', 'distinct', 'of'], `${distinct.of} is in "by" as well: it has one value there`);
  }
  if (outsideWindow !== undefined) checkWindows(outsideWindow, report);
  return problems;
}

type ReportAt = (path: Path, message: string, suggestion?: string) => void;

const longest = '7d';

/** What matters for longer would have to be read again at every start. */
function checkSpan(span: string, path: Path, report: ReportAt): void {
  const seconds = parseDuration(span);
  if (seconds < 1 || seconds > parseDuration(longest)) report(path, `${span} is not between 1s and ${longest}`);
}

const words = [
  ['outcome', ['success', 'denied', 'failed']],
  ['door', doorNames],
] as const satisfies readonly (readonly [FieldName, readonly string[]])[];

function checkFilter(filter: Filter, path: Path, report: ReportAt): void {
  for (const [at, type] of (filter.type ?? []).entries()) {
    if (unseen.some((each) => each === type))
      report([...path, 'type', at], 'rules do not see what rules have told: an alert would call the next');
    else if (compileFilter({ type: [type] }).types.size === 0)
      report(
        [...path, 'type', at],
        `"${type}" is no type of record, nor the beginning of one`,
        nearest(type, eventTypes),
      );
  }
  for (const [name, known] of words)
    for (const [at, word] of (filter[name] ?? []).entries())
      if (!/[*?]/.test(word) && !known.some((each) => each === word))
        report([...path, name, at], `"${word}" is none of ${known.join(', ')}`, nearest(word, known));
  for (const [at, name] of (filter.without ?? []).entries())
    if (filter[name] !== undefined) report([...path, 'without', at], `${name} has to be there, as is said above`);
}

function checkWindows({ timeZone, windows, closed = [] }: OutsideWindowSpec, report: ReportAt): void {
  const path = ['spec', 'outsideWindow'];
  try {
    new Intl.DateTimeFormat('en', { timeZone });
  } catch {
    report([...path, 'timeZone'], `"${timeZone}" is no time zone, such as Europe/Oslo or UTC`);
  }
  for (const [at, { from, to }] of windows.entries())
    if (from === to)
      report([...path, 'windows', at], `from ${from} to ${to} is no time; a whole day is 00:00 to 24:00`);
  for (const [at, day] of closed.entries())
    if (Number.isNaN(Date.parse(day)) || new Date(Date.parse(day)).toISOString().slice(0, 10) !== day)
      report([...path, 'closed', at], `${day} is no day`);
}
