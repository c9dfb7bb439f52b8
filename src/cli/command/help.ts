import { type Exit, exitCodes } from '../exit.ts';
import type { Style } from '../terminal/style.ts';
import type { Command } from './command.ts';

/** What follows the options in a command's help: what to type, and what a script can tell from the exit code. */
export function closingHelp(command: Command, style: Style): string {
  const lines = [
    '',
    style.heading('Examples:'),
    ...examples(command, style),
    '',
    style.heading('Exit codes:'),
    ...exits(command),
  ];
  return lines.join('\n');
}

function examples(command: Command, style: Style): string[] {
  return command.examples.flatMap(({ type, to }) => [style.dim(`  # ${to}`), `  countersign ${type}`]);
}

function exits(command: Command): string[] {
  return exitsOf(command).map(([code, meaning]) => `  ${code}  ${meaning}`);
}

/** Code and meaning of every exit that a command can have, in order. */
export function exitsOf(command: Command): readonly (readonly [code: number, meaning: string])[] {
  const always: readonly Exit[] = ['usage', 'internal'];
  return (Object.keys(exitCodes) as Exit[]).flatMap((exit) => {
    const own = command.exits[exit];
    if (own === undefined && !always.includes(exit)) return [];
    return [[exitCodes[exit].code, own ?? exitCodes[exit].meaning] as const];
  });
}
