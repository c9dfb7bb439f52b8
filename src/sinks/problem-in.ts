/** Of anything thrown on the way to a sink. What Node gives for a name with several addresses has no message of its own. */
export function problemIn(thrown: unknown): string {
  if (thrown instanceof AggregateError) return thrown.errors.map((each) => problemIn(each)).join(', ');
  return thrown instanceof Error ? thrown.message : String(thrown);
}
