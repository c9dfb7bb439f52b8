import { hash } from 'node:crypto';
import type { Entry } from '#audit/entry.ts';
import type { Json } from '#audit/event.ts';
import { isObject, memberOf, textOf } from '#audit/json-object.ts';
import { keyOf } from './condition.ts';
import type { SeverityName } from './document.ts';
import { fieldNames } from './field.ts';

/** What a rule has to tell; the record of it is made of this alone. */
export interface Alert {
  readonly rule: string;
  readonly ruleSha256: string;
  readonly severity: SeverityName;
  readonly message: string;
  /** Fields and their values that it is told of; empty for very many, and where a rule has no such fields. */
  readonly by: Readonly<Record<string, string>>;
  /** Alerts of more keys than are told apart. */
  readonly overflow: boolean;
  readonly count: number;
  readonly seqs: readonly number[];
  /** RFC 3339, of the first record that made it and the last. */
  readonly since: string;
  readonly until: string;
  readonly values?: readonly string[];
}

/** The record that made it: no rule has two alerts of one key by the same record. */
export const madeBy = ({ seqs }: Pick<Alert, 'seqs'>): number => seqs.at(-1) ?? -1;

/** Octets of values that an alert shows. */
const mostShown = 16;

/** The member `detection` of its record. */
export function detectionOf(alert: Alert): Json {
  const { rule, ruleSha256, severity, by, overflow, count, seqs, since, until, values } = alert;
  return {
    ...(Object.keys(by).length > 0 && { by }),
    count,
    ...(overflow && { overflow }),
    rule,
    ruleSha256,
    seqs,
    severity,
    since,
    until,
    ...(values && { values: values.slice(-mostShown) }),
  };
}

/** What stands in for an alert among those that are told: the same for the same alert, whoever makes it and when. */
export function nameOf(rule: string, key: string, overflow: boolean, seq: number): string {
  return JSON.stringify([rule, overflow ? '' : key, overflow, seq]);
}

/** Of a record `detection.alert`; undefined for any other. */
export function nameOfRecord(entry: Entry): string | undefined {
  const { detection } = entry;
  if (entry.type !== 'detection.alert') return undefined;
  const rule = textOf(memberOf(detection, 'rule'));
  const seqs = memberOf(detection, 'seqs');
  const last: unknown = Array.isArray(seqs) ? seqs.at(-1) : undefined;
  if (rule === undefined || typeof last !== 'number') return undefined;
  return nameOf(rule, keyIn(memberOf(detection, 'by')), memberOf(detection, 'overflow') === true, last);
}

/** Values in the order of the fields' names, which a record has sorted. */
export function keyIn(by: Json | undefined): string {
  const values = isObject(by) ? fieldNames.flatMap((name) => textOf(by[name]) ?? []) : [];
  return keyOf(values);
}

/**
 * A UUIDv7 by the time of the record that made the alert, the same however often it is made: who gets one twice, since two
 * servers took turns, can tell.
 */
export function idOf(alert: Alert, origin: string): string {
  const name = nameOf(alert.rule, keyIn(alert.by), alert.overflow, madeBy(alert));
  const digits = hash('sha256', `${origin}\n${name}`, 'hex');
  const time = Date.parse(alert.until).toString(16).padStart(12, '0');
  const variant = ((Number.parseInt(digits.slice(3, 4), 16) & 3) | 8).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${digits.slice(0, 3)}-${variant}${digits.slice(4, 7)}-${digits.slice(7, 19)}`;
}
