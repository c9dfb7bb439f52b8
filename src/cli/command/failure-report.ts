import type { Exit } from '../exit.ts';
import { asFailure } from '../failure.ts';
import { plainLines } from '../terminal/plain.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** Says on stderr why a command stopped, and gives its exit. */
export function reportFailure(thrown: unknown, terminal: Terminal, env: NodeJS.ProcessEnv): Exit {
  const failure = asFailure(thrown);
  const { noteStyle } = terminal;
  terminal.note(`${noteStyle.bad('countersign:')} ${plainLines(failure.message)}`);
  if (failure.hint !== undefined) terminal.note(noteStyle.dim(failure.hint));
  if (env.COUNTERSIGN_DEBUG) terminal.note(String(causeOf(failure).stack));
  return failure.exit;
}

const causeOf = (error: Error): Error => (error.cause instanceof Error ? error.cause : error);
