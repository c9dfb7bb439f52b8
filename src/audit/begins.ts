/** Of types and codes: `key.weak` begins `key.weak.roca` and itself, but not `key.weakness`. */
export const begins = (word: string, start: string): boolean => word === start || word.startsWith(`${start}.`);
