import { runProgram } from '#cli/command/program.ts';
import { commands } from '#cli/commands.ts';
import { Progress } from '#cli/terminal/progress.ts';
import { plainStyle } from '#cli/terminal/style.ts';
import type { Terminal } from '#cli/terminal/terminal.ts';
import type { Ran } from './run-cli.ts';

/** The program in this process: for many questions in a row, and where a test has set the clock. */
export async function inProcess(words: readonly string[]): Promise<Ran> {
  const stdout: string[] = [];
  const stderr: string[] = [];
  const terminal: Terminal = {
    print: (text) => void stdout.push(`${text}\n`),
    printJson: (value) => void stdout.push(`${JSON.stringify(value)}\n`),
    note: (text) => void stderr.push(`${text}\n`),
    progress: (title) => new Progress(title, undefined),
    columns: undefined,
    style: plainStyle,
    noteStyle: plainStyle,
  };
  const code = await runProgram(commands, words, terminal, {});
  return { code, stdout: stdout.join(''), stderr: stderr.join('') };
}
