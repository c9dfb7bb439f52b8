const star = 0x2a;
const question = 0x3f;

/**
 * A matcher for a list of patterns, any of which may match. `*` is any run and `?` any one character, neither ever
 * one of `boundaries`; a pattern that is `*` alone is anything at all. Time is bounded by pattern × text: no regular
 * expression, no backtracking beyond the last star.
 */
export function anyGlob(patterns: readonly string[], boundaries: string): (text: string) => boolean {
  if (patterns.includes('*')) return () => true;
  const exact = new Set(patterns.filter((pattern) => !/[*?]/.test(pattern)));
  const globs = patterns.filter((pattern) => !exact.has(pattern)).map((pattern) => pieces(pattern, boundaries));
  if (globs.length === 0) return (text) => exact.has(text);
  return (text) => exact.has(text) || matchesAny(globs, pieces(text, boundaries));
}

/** Labels and the boundaries between them: a wildcard is confined to its label by construction. */
function pieces(text: string, boundaries: string): readonly string[] {
  const found: string[] = [];
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    if (!boundaries.includes(text.charAt(at))) continue;
    found.push(text.slice(from, at), text.charAt(at));
    from = at + 1;
  }
  found.push(text.slice(from));
  return found;
}

const matchesAny = (globs: readonly (readonly string[])[], text: readonly string[]) =>
  globs.some(
    (glob) => glob.length === text.length && glob.every((piece, index) => globLabel(piece, text[index] ?? '')),
  );

/** Greedy match of one label that returns to the last star only. */
function globLabel(glob: string, text: string): boolean {
  let at = 0;
  let globAt = 0;
  let starAt = -1;
  let resumeAt = 0;
  while (at < text.length) {
    const want = glob.charCodeAt(globAt);
    if (want === star) {
      starAt = globAt++;
      resumeAt = at;
    } else if (want === question || want === text.charCodeAt(at)) {
      globAt++;
      at++;
    } else if (starAt >= 0) {
      globAt = starAt + 1;
      at = ++resumeAt;
    } else return false;
  }
  while (glob.charCodeAt(globAt) === star) globAt++;
  return globAt === glob.length;
}
