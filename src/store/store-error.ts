/**
 * Why a store cannot be used. `locked`: another process has it. `damaged`: what is stored does not fit together.
 * `rolled-back`: the store is behind, or beside, what was already signed. `origin`: it belongs to another log.
 * `version`: another version of this program wrote it. `unreachable`: its database does not answer, or does not let us in.
 * `unsafe`: its database is set up to lose what it acknowledges, or stands behind a pooler that no lock outlasts. `occupied`:
 * there is a log where none may be. `key`: what was signed of it is signed by a key that is not ours.
 */
export type StoreErrorCode =
  | 'locked'
  | 'damaged'
  | 'rolled-back'
  | 'origin'
  | 'version'
  | 'unreachable'
  | 'unsafe'
  | 'occupied'
  | 'key';

/** A store that must not be opened; the message says what the operator has to look at. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;
  /** First entry that does not fit, where one is known. */
  readonly index: number | undefined;

  constructor(code: StoreErrorCode, message: string, index?: number, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.index = index;
  }

  static of({ code, message, index }: StoreProblem): StoreError {
    return new StoreError(code, message, index);
  }
}

/** A StoreError on its way between threads, which classes do not survive. */
export interface StoreProblem {
  readonly code: StoreErrorCode;
  readonly message: string;
  readonly index: number | undefined;
}

export function storeProblem({ code, message, index }: StoreError): StoreProblem {
  return { code, message, index };
}
