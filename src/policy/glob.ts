const star = 0x2a;
const question = 0x3f;

/**
 * A matcher for a list of patterns, any of which may match. `*` is any run and `?` any one character, neither ever
 * `boundary` (one character, or none for ''); a pattern that is `*` alone is anything at all. No regular expression:
 * time is bounded by pattern × text, and nothing is allocated.
 */
export function anyGlob(patterns: readonly string[], boundary: string): (text: string) => boolean {
  if (patterns.includes('*')) return () => true;
  const exact = new Set(patterns.filter((pattern) => !/[*?]/.test(pattern)));
  const globs = patterns.filter((pattern) => !exact.has(pattern));
  if (globs.length === 0) return (text) => exact.has(text);
  const wall = boundary === '' ? -1 : boundary.charCodeAt(0);
  return (text) => exact.has(text) || globs.some((pattern) => globMatches(pattern, text, wall));
}

/**
 * Greedy, and on a mismatch back to the last star only. That is enough with a wall too: an earlier star taking more
 * would leave the last one less room before the same wall.
 */
function globMatches(pattern: string, text: string, wall: number): boolean {
  let at = 0;
  let patternAt = 0;
  let starAt = -1;
  let resumeAt = 0;
  while (at < text.length) {
    const want = pattern.charCodeAt(patternAt);
    const have = text.charCodeAt(at);
    if (want === star) {
      starAt = patternAt++;
      resumeAt = at;
    } else if (want === have || (want === question && have !== wall)) {
      patternAt++;
      at++;
    } else if (starAt >= 0 && text.charCodeAt(resumeAt) !== wall) {
      patternAt = starAt + 1;
      at = ++resumeAt;
    } else return false;
  }
  while (pattern.charCodeAt(patternAt) === star) patternAt++;
  return patternAt === pattern.length;
}
