import fc from 'fast-check';
import { completeEntry, decodeEntry, type Entry, encodeEvent } from '#audit/entry.ts';
import type { AuditEvent, EventType } from '#audit/event.ts';
import { WatchRuleDocument, type WatchRuleSpec } from '#detection/document.ts';
import { compileRule, type WatchRule } from '#detection/rule.ts';
import { openDocument } from '#document/document.ts';

/** What rules look at, of a record that is made up. */
export interface Facts {
  readonly type: EventType;
  readonly caller: string;
  readonly cluster: string;
  readonly key: string;
  readonly door?: string;
  readonly count?: number;
  /** s since the record before. */
  readonly later: number;
}

export const start = Date.parse('2026-11-23T12:00:00Z');

export function eventOf({ type, caller, cluster, key, count, door }: Facts, n: number): AuditEvent {
  const denied = type.endsWith('.denied');
  return {
    type,
    id: `0193b5c0-0000-7000-8000-${n.toString(16).padStart(12, '0')}`,
    outcome: denied ? 'denied' : 'success',
    ...(denied && { reason: 'policy.denied' }),
    ...(door !== undefined && { door }),
    caller: { cluster, identity: caller },
    ...(denied ? {} : { certificate: { identity: caller, key: { spkiSha256: key } } }),
    ...(count !== undefined && { count }),
  };
}

/** Octets of a log of these, in order. */
export function logOf(all: readonly Facts[]): Uint8Array[] {
  let time = start;
  return all.map((facts, n) => {
    time += facts.later * 1_000;
    return completeEntry(encodeEvent(eventOf(facts, n)), n, new Date(time).toISOString());
  });
}

export const entriesOf = (all: readonly Facts[]): Entry[] => logOf(all).map(decodeEntry);

/** Few values, so that they meet. */
export const someFacts = fc.array(
  fc.record(
    {
      type: fc.constantFrom<EventType[]>('certificate.denied', 'certificate.issued', 'service.started'),
      caller: fc.constantFrom('spiffe://a/ns/x/sa/1', 'spiffe://a/ns/x/sa/2', 'spiffe://a/ns/y/sa/3'),
      cluster: fc.constantFrom('east', 'west', 'north'),
      key: fc.constantFrom('k1', 'k2', 'k3', 'k4'),
      count: fc.integer({ min: 1, max: 4 }),
      door: fc.constant('istio'),
      later: fc.integer({ min: 0, max: 8 }),
    },
    { requiredKeys: ['type', 'caller', 'cluster', 'key', 'later'] },
  ),
  { minLength: 1, maxLength: 60 },
);

export function ruleOf(
  spec: Pick<WatchRuleSpec, 'burst' | 'distinct' | 'outsideWindow' | 'quiet' | 'unless'>,
): WatchRule {
  const content = {
    apiVersion: 'countersign.dev/v1alpha1',
    kind: 'WatchRule',
    metadata: { name: 'rule' },
    spec: { severity: 'low', message: 'it happened', ...spec },
  };
  return compileRule(openDocument(JSON.stringify(content), 'rule.yaml', WatchRuleDocument).content);
}
