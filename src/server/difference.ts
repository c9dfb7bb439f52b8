import type { Json } from '#audit/event.ts';

/** Characters of one line, and of all of them: a record has its own limit, and is for people too. */
const maxLine = 300;
const maxText = 4_000;

/** Fields whose value would be a secret if somebody wrote it where only a reference to it belongs. */
const secretName = /(^|\.)(pin|passphrase|password|secret|token)$/i;

/**
 * What changed between two documents, a line each: `-path: value` went, `+path: value` came, in the order of paths.
 * Bounded; the last line says how many are left out. The value of a secret's field is masked.
 */
export function differences(before: Json, after: Json): string[] {
  const was = leavesOf(before);
  const is = leavesOf(after);
  const paths = [...new Set([...was.keys(), ...is.keys()])].filter((path) => was.get(path) !== is.get(path)).toSorted();
  const lines = paths.flatMap((path) => [line('-', path, was.get(path)), line('+', path, is.get(path))].flat());
  return bounded(lines);
}

/** Path of each value that is no collection → that value as JSON; of an empty collection too. */
function leavesOf(value: Json, path = '', into = new Map<string, string>()): Map<string, string> {
  const members = typeof value === 'object' ? Object.entries(value) : [];
  if (members.length === 0 && path !== '') into.set(path, JSON.stringify(value));
  for (const [name, member] of members) {
    if (member !== undefined) leavesOf(member, path === '' ? name : `${path}.${name}`, into);
  }
  return into;
}

function line(sign: '-' | '+', path: string, value: string | undefined): string[] {
  if (value === undefined) return [];
  const shown = secretName.test(path) ? '[masked]' : value;
  const whole = `${sign}${path}: ${shown}`;
  return [whole.length > maxLine ? `${whole.slice(0, maxLine - 1)}…` : whole];
}

function bounded(lines: readonly string[]): string[] {
  let length = 0;
  const fitting = lines.findIndex((text) => {
    length += text.length;
    return length > maxText;
  });
  if (fitting < 0) return [...lines];
  return [...lines.slice(0, fitting), `… ${lines.length - fitting} more`];
}
