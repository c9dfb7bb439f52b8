import { type ChildProcess, spawn } from 'node:child_process';

/** What a process said before it ended, and how it ended. */
export interface Ended {
  /** Index → id of each record that was acknowledged. */
  readonly acknowledged: ReadonlyMap<number, string>;
  readonly lines: readonly string[];
  readonly signal: NodeJS.Signals | null;
  readonly code: number | null;
}

const program = new URL('./append-load.ts', import.meta.url).pathname;

/** Runs `append-load.ts` until it ends; `onLine` may end it. */
export function runLoad(
  words: readonly string[],
  {
    environment = {},
    onLine = () => {},
    command = [process.execPath],
  }: {
    environment?: Readonly<Record<string, string>>;
    onLine?: (line: string, child: ChildProcess) => void;
    command?: readonly string[];
  } = {},
): Promise<Ended> {
  const [file = '', ...rest] = command;
  const child = spawn(file, [...rest, program, ...words], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  let unfinished = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (unfinished + chunk).split('\n');
    unfinished = parts.pop() ?? '';
    for (const line of parts) {
      lines.push(line);
      onLine(line, child);
    }
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ acknowledged: acknowledgedIn(lines), lines, signal, code }));
  });
}

function acknowledgedIn(lines: readonly string[]): Map<number, string> {
  return new Map(
    lines.flatMap((line) => {
      const [, index, id] = /^([0-9]+) ([0-9a-f-]{36})$/.exec(line) ?? [];
      return index === undefined || id === undefined ? [] : [[Number(index), id]];
    }),
  );
}
