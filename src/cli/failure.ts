import { Refusal, type Remedy } from '#refusal/refusal.ts';
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

/** Anything a command threw, as a Failure: ours as it is, refusals by remedy, file errors by path. */
export function asFailure(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  if (thrown instanceof Refusal) return new Failure(exitOfRemedy[thrown.remedy], `${thrown.code}: ${thrown.message}`);
  if (!(thrown instanceof Error)) return new Failure('internal', String(thrown));
  const inputError = asInputError(thrown);
  if (inputError !== undefined) return inputError;
  const hint =
    'this is a bug: please report it with the command you typed; COUNTERSIGN_DEBUG=1 shows where it happened';
  return new Failure('internal', thrown.message, hint, { cause: thrown });
}

function asInputError(error: Error): Failure | undefined {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const words = fileErrors[code];
  if (words === undefined) return undefined;
  const path = 'path' in error && typeof error.path === 'string' ? error.path : 'a file';
  return new Failure('input', `${path}: ${words}`, undefined, { cause: error });
}
