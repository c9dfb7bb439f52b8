import type { Json } from './event.ts';

/**
 * Canonical JSON (RFC 8785) of our restricted values: members sorted by UTF-16 code units, integers within
 * ±(2^53 − 1), well-formed strings, booleans, arrays, objects. Undefined members are left out. Throws TypeError
 * for null, fractions, lone surrogates and anything that is no plain value.
 */
export function canonicalJson(value: Json): string {
  // V8's own serialiser writes exactly RFC 8785's scalars, so a value whose members already stand in order (as the
  // writers of records put them) needs only to be looked at, not rebuilt.
  return standsInOrder(value) ? JSON.stringify(value) : write(value);
}

/** True when JSON.stringify gives the canonical form of `value`; throws TypeError when nothing would. */
export function standsInOrder(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
      return isText(value);
    case 'number':
      return isInteger(value);
    case 'boolean':
      return true;
    case 'object':
      if (Array.isArray(value)) return elementsStandInOrder(value);
      if (isPlain(value)) return membersStandInOrder(value);
  }
  throw new TypeError(`canonical JSON holds objects, arrays, strings, integers and booleans, not ${kind(value)}`);
}

function elementsStandInOrder(array: readonly unknown[]): boolean {
  let inOrder = true;
  for (const element of array) inOrder = standsInOrder(element) && inOrder;
  return inOrder;
}

function membersStandInOrder(object: Readonly<Record<string, unknown>>): boolean {
  let inOrder = true;
  let previous = '';
  for (const name in object) {
    const member = object[name];
    if (member === undefined) continue;
    if (name < previous) inOrder = false;
    previous = name;
    isText(name);
    inOrder = standsInOrder(member) && inOrder;
  }
  return inOrder;
}

function write(value: Json): string {
  if (typeof value !== 'object') return JSON.stringify(value);
  if (isArray(value)) return `[${value.map(write).join(',')}]`;
  const members: string[] = [];
  for (const name of Object.keys(value).sort()) {
    const member = value[name];
    if (member !== undefined) members.push(`${JSON.stringify(name)}:${write(member)}`);
  }
  return `{${members.join(',')}}`;
}

function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function isText(value: string): true {
  if (!value.isWellFormed()) throw new TypeError('canonical JSON holds no lone surrogates');
  return true;
}

function isInteger(value: number): true {
  if (!Number.isSafeInteger(value))
    throw new TypeError(`canonical JSON holds integers within ±(2^53 − 1), not ${value}`);
  return true;
}

function isPlain(value: object | null): value is Readonly<Record<string, unknown>> {
  if (value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function kind(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return value.constructor.name;
}
