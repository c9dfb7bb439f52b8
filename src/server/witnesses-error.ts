/** A policy of witnesses that cannot be ours. */
export class WitnessesError extends Error {
  override readonly name = 'WitnessesError';
}
