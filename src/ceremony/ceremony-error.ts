/** Why a ceremony stops; each code asks something else of its operators. */
export type CeremonyErrorCode =
  | 'no-root'
  | 'no-store'
  | 'journal'
  | 'changed'
  | 'foreign-key'
  | 'lost-key'
  | 'unknown-intermediate'
  | 'no-request'
  | 'chain';

/** The sentence says what was found and what to do. Nothing is half done: the journal knows where it stopped. */
export class CeremonyError extends Error {
  override readonly name = 'CeremonyError';
  readonly code: CeremonyErrorCode;

  constructor(code: CeremonyErrorCode, sentence: string, options?: ErrorOptions) {
    super(sentence, options);
    this.code = code;
  }
}
