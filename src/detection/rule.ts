import { hash } from 'node:crypto';
import type { Entry } from '#audit/entry.ts';
import type { EventType } from '#audit/event.ts';
import { parseDuration } from '#document/scalars.ts';
import { canonical } from '#policy/canonical.ts';
import { Burst } from './burst.ts';
import type { Watching } from './condition.ts';
import { Distinct } from './distinct.ts';
import type { SeverityName, WatchRuleDocument, WatchRuleSpec } from './document.ts';
import type { FieldName } from './field.ts';
import { compileFilter, type Filter } from './filter.ts';
import { OutsideWindow, usualBy } from './outside-window.ts';

/** A rule that can be run: what it looks at, and a memory for each run. */
export interface WatchRule {
  readonly name: string;
  /** SHA-256, hex, of its canonical content: it stands in every alert. */
  readonly sha256: string;
  readonly severity: SeverityName;
  readonly message: string;
  /** Fields that its alerts are told apart by. */
  readonly by: readonly FieldName[];
  /** ms in which one key is told once. */
  readonly quietMs: number;
  /** ms that a record matters for. */
  readonly memoryMs: number;
  readonly types: ReadonlySet<EventType>;
  /** Of records of these types. */
  matches(entry: Entry): boolean;
  open(): Watching;
}

const usualQuietMs = 3_600_000;

export function compileRule(content: WatchRuleDocument): WatchRule {
  const { metadata, spec } = content;
  const { match, by, withinMs, open } = conditionOf(spec);
  const filter = compileFilter(match);
  const passed = (spec.unless ?? []).map(compileFilter);
  const quietMs = spec.quiet === undefined ? withinMs || usualQuietMs : parseDuration(spec.quiet) * 1_000;
  return {
    name: metadata.name,
    sha256: hash('sha256', canonical(content), 'hex'),
    severity: spec.severity,
    message: spec.message,
    by,
    quietMs,
    memoryMs: Math.max(quietMs, withinMs),
    types: filter.types,
    matches: (entry) =>
      filter.matches(entry) && !passed.some(({ types, matches }) => types.has(entry.type) && matches(entry)),
    open,
  };
}

interface Condition {
  readonly match: Filter;
  readonly by: readonly FieldName[];
  readonly withinMs: number;
  open(): Watching;
}

/** Of a document whose meaning was checked: it has exactly one. */
function conditionOf({ burst, distinct, outsideWindow }: WatchRuleSpec): Condition {
  if (burst !== undefined) {
    const { match, by = [], within = '0s' } = burst;
    return { match, by, withinMs: parseDuration(within) * 1_000, open: () => new Burst(burst) };
  }
  if (distinct !== undefined) {
    const { match, by, within } = distinct;
    return { match, by, withinMs: parseDuration(within) * 1_000, open: () => new Distinct(distinct) };
  }
  if (outsideWindow === undefined) throw new TypeError('a rule without a condition');
  const { match, by = usualBy } = outsideWindow;
  return { match, by, withinMs: 0, open: () => new OutsideWindow(outsideWindow) };
}
