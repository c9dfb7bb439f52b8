import type { Filters } from '#audit/questions/filters.ts';
import { member, text } from '../row.ts';

/** A policy set, or the key of an issuer, rather than a name. */
export const isHash = (value: string | undefined) => value !== undefined && /^[0-9a-f]{40,}$/.test(value);

/** What an entry itself must say, where a row knows it by a part of a hash only. */
export function checksOf({ serial, sha256, key, token, pod }: Filters): ((entry: unknown) => boolean)[] {
  const caller = (entry: unknown) => member(entry, 'caller');
  const certificate = (entry: unknown) => member(entry, 'certificate');
  return [
    ...(serial === undefined ? [] : [(entry: unknown) => text(certificate(entry), 'serial') === serial]),
    ...(sha256 === undefined ? [] : [(entry: unknown) => text(certificate(entry), 'sha256') === sha256]),
    ...(key === undefined ? [] : [(entry: unknown) => keyOf(entry) === key]),
    ...(token === undefined ? [] : [(entry: unknown) => text(member(caller(entry), 'credential'), 'jti') === token]),
    ...(pod === undefined ? [] : [(entry: unknown) => podOf(entry) === pod]),
  ];
}

function keyOf(entry: unknown): string | undefined {
  const key = member(member(entry, 'certificate'), 'key') ?? member(member(entry, 'asked'), 'key');
  return text(key, 'spkiSha256');
}

function podOf(entry: unknown): string | undefined {
  const of = (name: string) => text(member(member(entry, name), 'pod'), 'name');
  return of('onBehalfOf') ?? of('caller');
}
