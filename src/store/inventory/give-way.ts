/** Records a second from which the machine has better things to do than to keep the inventory at hand. */
const stormRate = 500;
/** Entries that it may fall behind for that; a question then waits for about as many times 100 µs. */
const maxLag = 50_000;

/**
 * Whether the inventory lets issuance go first: its rows cost more than the log's own write, and nobody loses by their
 * coming later, since a question takes in what is missing before it is answered.
 */
export function givesWay(grown: number, elapsedMs: number, lag: number): boolean {
  return grown * 1_000 > stormRate * elapsedMs && lag < maxLag;
}
