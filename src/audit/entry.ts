import { Refusal } from '#refusal/refusal.ts';
import { maxEntryLength } from './bundle.ts';
import { canonicalJson, standsInOrder } from './canonical.ts';
import type { Disclosure } from './disclosure.ts';
import { type AuditEvent, type EventType, eventTypes, type Json } from './event.ts';
import { Malformed } from './malformed.ts';

/** The version of the entry's form; part of every entry. */
export const entryVersion = 1;

/** Our own bound on an entry, octets: well under the 65,535 of the tile format. */
export const entryLimit = 16_384;

/**
 * An entry less its place in the log. The entry is `head` + `"seq":N,"time":"…"` + `tail`: both members sort after
 * everything in head and before everything in tail.
 */
export interface EncodedEvent {
  readonly head: string;
  readonly tail: string;
  /** Octets of head and tail in UTF-8. */
  readonly length: number;
  /** Values that stand beside the log, and in it as commitments alone. */
  readonly disclosures?: readonly Disclosure[];
}

/** Room kept for seq and time, whatever they will be. */
export const placeLength = placeText(Number.MAX_SAFE_INTEGER, new Date(0).toISOString()).length;

export function placeText(seq: number, time: string): string {
  return `"seq":${seq},"time":"${time}"`;
}

/**
 * Canonical form of an event, once per record on the event loop. An event too long for `limit` (octets, at most
 * 65,535) loses its certificateDer and names it in `dropped`; if it is still too long, Refusal `internal`.
 */
export function encodeEvent(event: AuditEvent, limit: number = entryLimit): EncodedEvent {
  const encoded = encode(event, undefined);
  const most = Math.min(limit, maxEntryLength) - placeLength;
  if (encoded.length <= most) return encoded;
  if (event.certificateDer !== undefined) {
    const { certificateDer, ...rest } = event;
    const shorter = encode(rest, ['certificateDer']);
    if (shorter.length <= most) return shorter;
  }
  throw new Refusal('internal', `a ${event.type} record of ${encoded.length} octets is over the log's ${most}`);
}

function encode(event: AuditEvent, dropped: readonly string[] | undefined): EncodedEvent {
  refuseUnknownMembers(event);
  // The members of §6.3 in canonical order, so that what follows has nothing to sort at this depth.
  const body = {
    action: event.action,
    actor: event.actor,
    asked: event.asked,
    caller: event.caller,
    certificate: event.certificate,
    certificateDer: event.certificateDer,
    change: event.change,
    clock: event.clock,
    count: event.count,
    decision: event.decision,
    detection: event.detection,
    door: event.door,
    dropped,
    export: event.export,
    id: event.id,
    instance: event.instance,
    key: event.key,
    message: event.message,
    onBehalfOf: event.onBehalfOf,
    outcome: event.outcome,
    outside: event.outside,
    peer: event.peer,
    prev: event.prev,
    pruned: event.pruned,
    reason: event.reason,
    redacted: event.redacted,
    request: event.request,
    revocation: event.revocation,
  };
  const text = standsInOrder(body) ? JSON.stringify(body) : canonicalJson(body);
  const head = `${text.slice(0, -1)},`;
  const tail = `,"type":"${event.type}","v":${entryVersion}}`;
  return { head, tail, length: Buffer.byteLength(text) + tail.length };
}

const members: ReadonlySet<string> = new Set<keyof AuditEvent>([
  'type',
  'id',
  'outcome',
  'reason',
  'message',
  'instance',
  'door',
  'request',
  'peer',
  'caller',
  'onBehalfOf',
  'asked',
  'decision',
  'certificate',
  'certificateDer',
  'outside',
  'revocation',
  'key',
  'actor',
  'action',
  'change',
  'clock',
  'export',
  'prev',
  'pruned',
  'redacted',
  'detection',
  'count',
]);

function refuseUnknownMembers(event: AuditEvent): void {
  for (const name in event) {
    if (!members.has(name)) throw new TypeError(`a record has no member ${name}`);
  }
}

/** The entry's octets at its place: `time` is RFC 3339 UTC with milliseconds. */
export function completeEntry(event: EncodedEvent, seq: number, time: string): Uint8Array {
  return Buffer.from(event.head + placeText(seq, time) + event.tail);
}

/** An entry read back: the event, its place, and what was dropped from it. */
export interface Entry extends Readonly<Record<string, Json | undefined>> {
  readonly v: number;
  readonly seq: number;
  /** RFC 3339 UTC, milliseconds. */
  readonly time: string;
  readonly type: EventType;
  readonly id: string;
  readonly outcome: string;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads an entry's octets. Throws Malformed unless they are exactly canonical and hold what every entry holds. */
export function decodeEntry(bytes: Uint8Array): Entry {
  const { text, value } = parse(bytes);
  if (!isEntry(value))
    throw new Malformed(
      `not an entry of version ${entryVersion}: v, seq, time, type, id or outcome is missing or wrong`,
    );
  if (canonicalOf(value) !== text) throw new Malformed('not in canonical form (RFC 8785)');
  return value;
}

function parse(bytes: Uint8Array): { text: string; value: unknown } {
  try {
    const text = utf8.decode(bytes);
    return { text, value: JSON.parse(text) };
  } catch (cause) {
    throw new Malformed('not JSON in UTF-8', { cause });
  }
}

function canonicalOf(value: Entry): string {
  try {
    return canonicalJson(value);
  } catch (cause) {
    throw new Malformed('not in canonical form (RFC 8785)', { cause });
  }
}

const known: ReadonlySet<unknown> = new Set(eventTypes);

function isEntry(value: unknown): value is Entry {
  if (typeof value !== 'object' || value === null) return false;
  const { v, seq, time, type, id, outcome } = value as Readonly<Record<string, unknown>>;
  return (
    v === entryVersion &&
    Number.isSafeInteger(seq) &&
    typeof time === 'string' &&
    isTime(time) &&
    known.has(type) &&
    typeof id === 'string' &&
    (outcome === 'success' || outcome === 'denied' || outcome === 'failed')
  );
}

function isTime(text: string): boolean {
  const ms = Date.parse(text);
  return Number.isFinite(ms) && new Date(ms).toISOString() === text;
}
