import type { Json } from './event.ts';

export interface JsonObject {
  readonly [name: string]: Json | undefined;
}

export function isObject(value: Json | undefined): value is { readonly [name: string]: Json } {
  // What a file says may be null, which no entry is.
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Nothing that is no object has a member. */
export const objectOf = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});
export const memberOf = (value: Json | undefined, name: string): Json | undefined => objectOf(value)[name];
export const textOf = (value: Json | undefined): string | undefined => (typeof value === 'string' ? value : undefined);
