import type { Entry } from '#audit/entry.ts';
import { type EventType, eventTypes } from '#audit/event.ts';
import type { Document } from '#document/document.ts';
import type { Problem } from '#document/problem.ts';
import { parseDuration } from '#document/scalars.ts';
import { type Alert, madeBy } from './alert.ts';
import type { WatchRuleCase, WatchRuleDocument } from './document.ts';
import { fieldNames, fieldOf } from './field.ts';
import { compileRule } from './rule.ts';
import { Watch } from './watch.ts';

export interface RuleCaseResult {
  readonly rule: string;
  readonly file: string;
  readonly name: string;
  readonly passed: boolean;
  /** What came out, for people: `1 alert, by record 20`, `no alert`. */
  readonly outcome: string;
  readonly problem?: Problem;
}

/** A Monday at noon: where a case begins that says no moment. */
const usualStart = Date.parse('2026-11-23T12:00:00Z');

/** Runs the cases of each rule against that rule alone: none is in another's way. */
export function runRuleTests(documents: readonly Document<WatchRuleDocument>[]): readonly RuleCaseResult[] {
  return documents.flatMap((document) => {
    const { metadata, spec } = document.content;
    const rule = compileRule(document.content);
    return (spec.tests ?? []).map((test, index): RuleCaseResult => {
      const watch = new Watch([rule]);
      const alerts = entriesOf(test).flatMap((entry) => watch.see(entry));
      const place = { rule: metadata.name, file: document.file, name: test.name, outcome: inWords(alerts) };
      const differs = difference(test.alerts, alerts);
      if (differs === undefined) return { ...place, passed: true };
      const message = `the case "${test.name}" fails: ${differs}; it got ${place.outcome}`;
      return { ...place, passed: false, problem: document.problem(['spec', 'tests', index, 'alerts'], message) };
    });
  });
}

function inWords(alerts: readonly Alert[]): string {
  if (alerts.length === 0) return 'no alert';
  const by = alerts.map((alert) => madeBy(alert) + 1).join(', ');
  return `${alerts.length} ${alerts.length === 1 ? 'alert, by record' : 'alerts, by records'} ${by}`;
}

function difference(expected: WatchRuleCase['alerts'], alerts: readonly Alert[]): string | undefined {
  if (expected.length !== alerts.length) return `expected ${expected.length === 0 ? 'none' : expected.length}`;
  for (const [at, { record, by, count }] of expected.entries()) {
    const alert = alerts[at];
    if (alert === undefined) continue;
    if (record !== undefined && record !== madeBy(alert) + 1)
      return `expected alert ${at + 1} by record ${record}, not ${madeBy(alert) + 1}`;
    if (count !== undefined && count !== alert.count) return `expected count ${count}, not ${alert.count}`;
    const other = Object.entries(by ?? {}).find(([name, value]) => alert.by[name] !== value);
    if (other !== undefined) return `expected ${other[0]} ${other[1]}, not ${alert.by[other[0]] ?? 'none'}`;
  }
  return undefined;
}

type Short = WatchRuleCase['records'][number];

/** Records as they would stand in a log, with what the case says of them and nothing else. */
export function entriesOf({ records }: WatchRuleCase): Entry[] {
  const entries: Entry[] = [];
  let time = usualStart;
  for (const short of records)
    for (let n = 0; n < (short.repeat ?? 1); n++) {
      if (short.at !== undefined && n === 0) time = Date.parse(short.at);
      else if (entries.length > 0) time += parseDuration(short.after ?? '1s') * 1_000;
      entries.push(entryOf(short, entries.length, time));
    }
  return entries;
}

function entryOf(short: Short, seq: number, time: number): Entry {
  const members: Members = {};
  for (const name of fieldNames) {
    const value = short[name];
    const [path] = fieldOf(name).paths;
    if (value !== undefined && path !== undefined) put(members, path.split('.'), value);
  }
  const type: EventType = eventTypes.find((each) => each === short.type) ?? 'certificate.issued';
  return {
    outcome: outcomeOf(type),
    ...members,
    ...(short.count !== undefined && { count: short.count }),
    type,
    v: 1,
    seq,
    time: new Date(time).toISOString(),
    id: `case-${seq}`,
  };
}

const outcomeOf = (type: EventType) =>
  type.endsWith('.denied') ? 'denied' : type.endsWith('.failed') ? 'failed' : 'success';

type Members = { [name: string]: string | Members };

/** Writes a value below as many members as its path has. */
function put(members: Members, [name = '', ...below]: readonly string[], value: string): void {
  if (below.length === 0) {
    members[name] = value;
    return;
  }
  const known = members[name];
  const inner: Members = typeof known === 'object' ? known : {};
  members[name] = inner;
  put(inner, below, value);
}
