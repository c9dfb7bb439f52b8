import { runProgram } from '#cli/command/program.ts';
import { commands } from '#cli/commands.ts';
import { Progress } from '#cli/terminal/progress.ts';
import { plainStyle } from '#cli/terminal/style.ts';
import type { Ran } from '#test/cli/run-cli.ts';

/** A command line of ours without the half second that a process takes to begin. */
export async function ours(...words: readonly string[]): Promise<Ran> {
  const stdout: string[] = [];
  const stderr: string[] = [];
  const code = await runProgram(
    commands,
    words,
    {
      print: (text) => void stdout.push(`${text}\n`),
      printJson: (value) => void stdout.push(JSON.stringify(value)),
      note: (text) => void stderr.push(`${text}\n`),
      progress: (title) => new Progress(title, undefined),
      columns: undefined,
      style: plainStyle,
      noteStyle: plainStyle,
    },
    {},
  );
  return { code, stdout: stdout.join(''), stderr: stderr.join('') };
}
