import { hash, randomBytes } from 'node:crypto';
import { canonicalJson } from './canonical.ts';
import type { AuditEvent, Json } from './event.ts';
import { isObject } from './json-object.ts';

/**
 * Fields that may be kept apart from their record: personal data, on which nothing hangs that the log is read for later.
 * What a revocation or a replay needs is not among them.
 */
export const redactableFields = ['actor.approvers', 'actor.user', 'caller.credential.subject', 'peer.ip'] as const;
export type RedactableField = (typeof redactableFields)[number];

/** What opens a commitment: the value, and a salt without which no guess at it can be checked. */
export interface Disclosure {
  readonly field: RedactableField;
  /** 128 random bits. */
  readonly salt: Uint8Array;
  /** Canonical JSON. */
  readonly value: string;
}

/** A disclosure at its place in the log. */
export interface PlacedDisclosure extends Disclosure {
  readonly index: number;
}

const saltLength = 16;

/** What stands in an entry instead of a value: an object, so that no value can be mistaken for it. */
export interface Commitment {
  readonly [name: string]: Json;
  /** `sha256:` and hexadecimal digits. */
  readonly commitment: string;
}

/** A digest of salt, field and value, in the manner of RFC 9901 §4.2.4: it opens at its own field alone. */
export function commitmentOf({ field, salt, value }: Disclosure): Commitment {
  const opened = canonicalJson([Buffer.from(salt).toString('base64url'), field, value]);
  return { commitment: `sha256:${hash('sha256', opened, 'hex')}` };
}

export function isCommitment(value: Json | undefined): value is Commitment {
  return isObject(value) && typeof value.commitment === 'string';
}

export function isRedactable(field: unknown): field is RedactableField {
  return redactableFields.some((each) => each === field);
}

type Members = { readonly [name: string]: Json | undefined };

/** What stands at the field of a record, be it a value or a commitment. */
export function fieldOf(record: Members, field: RedactableField): Json | undefined {
  let found: Json | undefined = record;
  for (const name of field.split('.')) found = isObject(found) ? found[name] : undefined;
  return found;
}

/** Whether the disclosure opens what stands in the record. */
export function opens(disclosure: Disclosure, record: Members): boolean {
  const found = fieldOf(record, disclosure.field);
  return isCommitment(found) && found.commitment === commitmentOf(disclosure).commitment;
}

/** The event as it goes into the tree, and what was taken out of it. `salt` gives 128 random bits. */
export function withhold(
  event: AuditEvent,
  fields: readonly RedactableField[],
  salt: () => Uint8Array = () => randomBytes(saltLength),
): { readonly event: AuditEvent; readonly disclosures: readonly Disclosure[] } {
  const disclosures: Disclosure[] = [];
  let withheld = event;
  for (const field of fields) {
    const found = fieldOf({ ...withheld }, field);
    if (found === undefined) continue;
    const disclosure = { field, salt: salt(), value: canonicalJson(found) };
    disclosures.push(disclosure);
    withheld = { ...withheld, ...replaced({ ...withheld }, field.split('.'), commitmentOf(disclosure)) };
  }
  return { event: withheld, disclosures };
}

/** The record with the values put back that these disclosures open. */
export function disclosed<Record extends Members>(record: Record, disclosures: readonly Disclosure[]): Record {
  let whole = record;
  for (const each of disclosures)
    if (opens(each, whole)) {
      const value: Json = JSON.parse(each.value);
      whole = { ...whole, ...replaced(whole, each.field.split('.'), value) };
    }
  return whole;
}

function replaced(whole: Members, [name, ...below]: readonly string[], value: Json): Members {
  if (name === undefined) return whole;
  const inner = whole[name];
  return { ...whole, [name]: below.length === 0 || !isObject(inner) ? value : replaced(inner, below, value) };
}
