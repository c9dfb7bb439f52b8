import { Progress } from './progress.ts';
import { colouredStyle, plainStyle, type Style, wantsColour } from './style.ts';

/** Where a command speaks: answers on stdout, everything else on stderr. */
export interface Terminal {
  /** A line (or several) of the answer, on stdout. */
  print(text: string): void;
  /** One JSON document of the answer, on stdout. */
  printJson(value: unknown): void;
  /** A line for the person who watches, on stderr. */
  note(text: string): void;
  /** Says on stderr how far a long task is; silent in a pipe and for what ends within a second. */
  progress(title: string): Progress;
  /** Characters in a line of stdout; undefined in a pipe, where nothing is cut. */
  readonly columns: number | undefined;
  readonly style: Style;
  readonly noteStyle: Style;
}

export function openTerminal(
  stdout: NodeJS.WriteStream = process.stdout,
  stderr: NodeJS.WriteStream = process.stderr,
  env: NodeJS.ProcessEnv = process.env,
): Terminal {
  leaveQuietlyWhenNobodyReads(stdout);
  return {
    print: (text) => void stdout.write(`${text}\n`),
    printJson: (value) => void stdout.write(`${JSON.stringify(value, null, 2)}\n`),
    note: (text) => void stderr.write(`${text}\n`),
    progress: (title) => new Progress(title, stderr.isTTY && env.TERM !== 'dumb' ? stderr : undefined),
    columns: stdout.isTTY ? stdout.columns || 80 : undefined,
    style: wantsColour(stdout, env) ? colouredStyle : plainStyle,
    noteStyle: wantsColour(stderr, env) ? colouredStyle : plainStyle,
  };
}

/** `countersign audit list | head`: the reader has seen enough, which is no error of ours. */
function leaveQuietlyWhenNobodyReads(stdout: NodeJS.WriteStream): void {
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit();
    throw error;
  });
}
