import { isCommitment } from '#audit/disclosure.ts';
import type { Json } from '#audit/event.ts';

export type JsonObject = { readonly [name: string]: Json | undefined };

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && !Array.isArray(value);
}

/** What stands at a path of members; undefined where nothing does, or a commitment alone. */
export function memberAt(value: Json | undefined, path: readonly string[]): Json | undefined {
  let found = value;
  for (const name of path) found = isObject(found) ? found[name] : undefined;
  return isCommitment(found) ? undefined : found;
}

/** Texts of a list, or of one. */
export function textsOf(value: Json | undefined): readonly string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}

export const textOf = (value: Json | undefined): string | undefined => (typeof value === 'string' ? value : undefined);
