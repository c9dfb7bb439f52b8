import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repository } from '#test/oracles.ts';

export const launcher = join(repository, 'scripts', 'countersign');

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** On top of a small environment of its own: what the tester's shell says must not matter. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Buffer;
  readonly cwd?: string;
}

/** Runs the real program with pipes for stdin, stdout and stderr. */
export function countersign(words: readonly string[], options: RunOptions = {}): Promise<Ran> {
  return run(launcher, words, options);
}

export function run(program: string, words: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, LANG: 'C.UTF-8', TERM: 'xterm', ...options.env };
  const child = spawn(program, words, { env, cwd: options.cwd ?? repository });
  // A program that reads nothing may be gone before all of it is written.
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (part: Buffer) => stdout.push(part));
  child.stderr.on('data', (part: Buffer) => stderr.push(part));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) =>
      resolve({ code, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() }),
    );
  });
}

/** What a command prints with --json. */
export function parsed(ran: Ran): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(ran.stdout);
  if (typeof value !== 'object' || value === null) throw new Error('not a JSON object');
  return { ...value };
}

export const scratch = (): string => mkdtempSync(join(tmpdir(), 'countersign-cli-'));
