/**
 * What patterns mean, said a second time and slowly: a name is taken apart at the boundary, and each part is tried against
 * its part of the pattern in every way there is. A pattern that is `*` alone is anything at all.
 */
export const covers = (pattern: string, text: string, boundary: string): boolean =>
  pattern === '*' || partsCover(parts(pattern, boundary), parts(text, boundary));

const parts = (text: string, boundary: string) => (boundary === '' ? [text] : text.split(boundary));

const partsCover = (pattern: readonly string[], text: readonly string[]) =>
  pattern.length === text.length && pattern.every((part, at) => partCovers(part, text[at] ?? ''));

function partCovers(pattern: string, text: string): boolean {
  const [first] = pattern;
  if (first === undefined) return text === '';
  if (first === '*') return partCovers(pattern.slice(1), text) || (text !== '' && partCovers(pattern, text.slice(1)));
  return text !== '' && (first === '?' || first === text[0]) && partCovers(pattern.slice(1), text.slice(1));
}

/** Whether one of them is for the host, or for each host that the wildcard stands for. Case is for the caller. */
export function coversHost(patterns: readonly string[], name: string): boolean {
  const hosts = name.includes('*') ? labels.map((label) => name.replace('*', label)) : [name];
  return hosts.every((host) => patterns.some((pattern) => covers(pattern, host, '.')));
}
/** Labels as different as they come: no pattern is for all of these but one that is for any. */
const labels = ['q', 'www', 'a-b', 'xn--bcher-kva', '0', 'z'.repeat(63)];

/** RFC 3986, appendix B. */
const uri = /^([^:/?#]+):(?:\/\/([^/?#]*))?(.*)$/s;
const pattern = /^([^:/?#]+):(?:\/\/([^/]*))?(.*)$/s;

export function coversUri(wanted: string, found: string): boolean {
  const [, scheme = '', authority, path = ''] = pattern.exec(wanted) ?? [];
  const [, ownScheme = '', ownAuthority, ownPath = ''] = uri.exec(found) ?? [];
  if (scheme.toLowerCase() !== ownScheme.toLowerCase()) return false;
  if (authority === undefined || ownAuthority === undefined)
    return authority === ownAuthority && covers(path, ownPath, '/');
  return covers(authority, ownAuthority, '.') && covers(path, ownPath, '/');
}
