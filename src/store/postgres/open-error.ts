import { StoreError } from '../store-error.ts';

/** Why a database could not be opened, whatever said so: a password that cannot be read, a right that is missing. */
export function asStoreError(thrown: unknown): StoreError {
  if (thrown instanceof StoreError) return thrown;
  const words = thrown instanceof Error ? thrown.message : String(thrown);
  return new StoreError('unreachable', `the log's database cannot be used: ${words}`, undefined, { cause: thrown });
}
