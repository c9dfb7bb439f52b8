/** Characters of somebody else's words that are kept. */
const longest = 300;

/** What others said, for logs and records: on one line, without what a terminal would heed, bounded. */
export const wordsIn = (said: string): string =>
  said
    .slice(0, 16 * longest)
    .replaceAll(/[\p{C}\s]+/gu, ' ')
    .trim()
    .slice(0, longest);

/** Of anything thrown on the way to somebody. What Node gives for a name with several addresses has no message of its own. */
export function problemIn(thrown: unknown): string {
  if (thrown instanceof AggregateError) return wordsIn(thrown.errors.map((each) => problemIn(each)).join(', '));
  return wordsIn(thrown instanceof Error ? thrown.message : String(thrown));
}
