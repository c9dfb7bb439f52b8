import { runProgram } from '#cli/command/program.ts';
import { commands } from '#cli/commands.ts';
import { Progress } from '#cli/terminal/progress.ts';
import { plainStyle } from '#cli/terminal/style.ts';
import type { Ran } from './run-cli.ts';

/** The program in this process, as it is in a pipe: for the many cases that need no process of their own. */
export async function here(words: readonly string[]): Promise<Ran> {
  let stdout = '';
  let stderr = '';
  const code = await runProgram(
    commands,
    words,
    {
      print: (text) => {
        stdout += `${text}\n`;
      },
      printJson: (value) => {
        stdout += `${JSON.stringify(value)}\n`;
      },
      note: (text) => {
        stderr += `${text}\n`;
      },
      progress: (title) => new Progress(title, undefined),
      columns: undefined,
      style: plainStyle,
      noteStyle: plainStyle,
    },
    {},
  );
  return { code, stdout, stderr };
}
