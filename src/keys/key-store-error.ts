/** Why a key cannot be used; each code asks something else of the operator. */
export type KeyStoreErrorCode =
  | 'uri'
  | 'secret'
  | 'no-module'
  | 'no-token'
  | 'several-tokens'
  | 'no-pin'
  | 'wrong-pin'
  | 'pin-locked'
  | 'no-key'
  | 'several-keys'
  | 'key-exists'
  | 'attribute'
  | 'mechanism'
  | 'session-lost'
  | 'busy'
  | 'key-file'
  | 'wrong-passphrase'
  | 'token';

/** The sentence says what is wrong and what to do about it, and holds no secret. */
export class KeyStoreError extends Error {
  override readonly name = 'KeyStoreError';
  readonly code: KeyStoreErrorCode;

  constructor(code: KeyStoreErrorCode, sentence: string, options?: ErrorOptions) {
    super(sentence, options);
    this.code = code;
  }
}
