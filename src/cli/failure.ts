import { Malformed } from '#audit/malformed.ts';
import { CeremonyError } from '#ceremony/ceremony-error.ts';
import { DocumentError } from '#document/problem.ts';
import { KeyStoreError } from '#keys/key-store-error.ts';
import { Refusal, type Remedy } from '#refusal/refusal.ts';
import { StoreError } from '#store/store-error.ts';
import { PemError } from '#x509/pem.ts';
import type { Exit } from './exit.ts';

/** A command cannot go on: one sentence for people, what to do about it, and the exit code for scripts. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly exit: Exit;
  /** What to type or look at next. */
  readonly hint?: string;

  constructor(exit: Exit, sentence: string, hint?: string, options?: ErrorOptions) {
    super(sentence, options);
    this.exit = exit;
    if (hint !== undefined) this.hint = hint;
  }
}

const exitOfRemedy = {
  'fix-request': 'no',
  'retry-later': 'unavailable',
  'call-operator': 'internal',
} as const satisfies Record<Remedy, Exit>;

/** Node's codes of files that are not there or cannot be read as asked. */
const fileErrors: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  EACCES: 'permission denied',
  EISDIR: 'is a folder, not a file',
  ENOTDIR: 'a part of this path is a file, not a folder',
  EEXIST: 'exists already',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space left on the device',
};

const bugHint =
  'this is a bug: please report it with the command you typed; COUNTERSIGN_DEBUG=1 shows where it happened';

/** Anything a command threw, as a Failure: each room's own errors by what the operator must do, file errors by path. */
export function asFailure(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  if (!(thrown instanceof Error)) return new Failure('internal', String(thrown), bugHint);
  const options = { cause: thrown };
  if (thrown instanceof Refusal) {
    return new Failure(exitOfRemedy[thrown.remedy], `${thrown.code}: ${thrown.message}`, undefined, options);
  }
  const exit = exitOfRoom(thrown);
  if (exit !== undefined) return new Failure(exit, thrown.message, undefined, options);
  const file = fileFailure(thrown);
  return file ?? new Failure('internal', thrown.message, bugHint, options);
}

function exitOfRoom(error: Error): Exit | undefined {
  if (error instanceof DocumentError || error instanceof Malformed || error instanceof PemError) return 'input';
  if (error instanceof StoreError)
    return error.code === 'locked' || error.code === 'unreachable' ? 'unavailable' : 'no';
  if (error instanceof CeremonyError) return 'no';
  if (error instanceof KeyStoreError) return 'unavailable';
  return undefined;
}

function fileFailure(error: Error): Failure | undefined {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const words = fileErrors[code];
  if (words === undefined) return undefined;
  const path = 'path' in error && typeof error.path === 'string' ? error.path : 'a file';
  return new Failure('input', `${path}: ${words}`, undefined, { cause: error });
}
