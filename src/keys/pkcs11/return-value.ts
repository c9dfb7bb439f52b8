import { KeyStoreError, type KeyStoreErrorCode } from '../key-store-error.ts';

/** PKCS#11 return values that ask something particular of somebody (PKCS#11 v3.1 §5.1). */
const meanings: Readonly<Record<string, readonly [KeyStoreErrorCode, string]>> = {
  CKR_PIN_INCORRECT: [
    'wrong-pin',
    'the token does not accept the PIN. Check where it is read from; a few more attempts lock the token',
  ],
  CKR_PIN_LEN_RANGE: ['wrong-pin', 'the PIN is shorter or longer than the token allows'],
  CKR_PIN_INVALID: ['wrong-pin', 'the PIN holds characters that the token does not allow'],
  CKR_PIN_LOCKED: [
    'pin-locked',
    'the PIN is locked after too many wrong attempts. The security officer must set a new one (C_InitPIN)',
  ],
  CKR_PIN_EXPIRED: ['pin-locked', 'the PIN has expired. Set a new one with the tools of the token'],
  CKR_USER_PIN_NOT_INITIALIZED: [
    'no-pin',
    'the token has no user PIN yet. Initialise it (countersign ceremony init-token, or the tools of the token)',
  ],
  CKR_TOKEN_NOT_PRESENT: ['no-token', 'the token is no longer in its slot. Put it back or repair its connection'],
  CKR_TOKEN_NOT_RECOGNIZED: ['no-token', 'the token in the slot is not recognised. Initialise it first'],
  CKR_DEVICE_REMOVED: ['session-lost', 'the token was removed. Put it back; the session is opened again by itself'],
  CKR_DEVICE_ERROR: ['session-lost', 'the token reports a device error. Look at its own log'],
  CKR_SESSION_HANDLE_INVALID: ['session-lost', 'the session with the token is gone; it is opened again by itself'],
  CKR_SESSION_CLOSED: ['session-lost', 'the token closed the session; it is opened again by itself'],
  CKR_USER_NOT_LOGGED_IN: ['session-lost', 'the token has forgotten the login; it is made again by itself'],
  CKR_OBJECT_HANDLE_INVALID: ['session-lost', 'the token no longer knows the key by its handle; it is looked up again'],
  CKR_KEY_HANDLE_INVALID: ['session-lost', 'the token no longer knows the key by its handle; it is looked up again'],
  CKR_CRYPTOKI_NOT_INITIALIZED: ['session-lost', 'the PKCS#11 module was finalised by someone else in this process'],
  CKR_SESSION_COUNT: ['busy', 'the token has no free session. Lower the number of sessions that are asked for'],
  CKR_MECHANISM_INVALID: ['mechanism', 'the token cannot make this kind of signature or key'],
  CKR_CURVE_NOT_SUPPORTED: ['mechanism', 'the token does not know this curve'],
  CKR_TOKEN_WRITE_PROTECTED: ['token', 'the token is write-protected: no key can be made in it'],
  CKR_DEVICE_MEMORY: ['token', 'the token has no room left. Remove keys that are no longer needed'],
};

/** The name of a PKCS#11 return value in what the native binding threw; undefined for any other error. */
export function returnValueOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error)) return undefined;
  return /\bCKR_[A-Z0-9_]+/.exec(thrown.message)?.[0];
}

/** What a PKCS#11 call threw as a KeyStoreError; `doing` completes "while …". */
export function asKeyStoreError(thrown: unknown, doing: string): KeyStoreError {
  if (thrown instanceof KeyStoreError) return thrown;
  const value = returnValueOf(thrown);
  const meaning = value === undefined ? undefined : meanings[value];
  if (meaning === undefined) {
    const name = value ?? (thrown instanceof Error ? thrown.message : 'an unknown error');
    return new KeyStoreError('token', `the token answered ${name} while ${doing}`, { cause: thrown });
  }
  return new KeyStoreError(meaning[0], `${meaning[1]} (${value} while ${doing})`, { cause: thrown });
}

/** Runs a PKCS#11 call, its error made readable. */
export function calling<Result>(doing: string, call: () => Result): Result {
  try {
    return call();
  } catch (thrown) {
    throw asKeyStoreError(thrown, doing);
  }
}
