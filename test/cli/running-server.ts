import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { watch } from 'node:fs/promises';
import { join } from 'node:path';
import { TestHome } from '#test/support/home.ts';
import { launcher } from './run-cli.ts';

/** `countersign serve` in a home of its own, and what a client needs to ask it. */
export interface RunningServer extends AsyncDisposable {
  readonly home: TestHome;
  /** Environment that a workload of ours would have. */
  readonly env: Readonly<Record<string, string>>;
}

export const web = 'spiffe://cluster.local/ns/demo/sa/web';

/** Resolves when the server is ready; rejects with its log when it ends before that. */
export async function serve(): Promise<RunningServer> {
  const home = new TestHome();
  const words = ['serve', '--home', home.directory, '--ready-file', home.path('ready.json')];
  const child = spawn(launcher, words, { stdio: ['ignore', 'ignore', 'pipe'] });
  const said: Buffer[] = [];
  child.stderr.on('data', (part: Buffer) => said.push(part));
  const address = await Promise.race([ready(home.directory), died(child, said)]);
  home.write('token', home.tokens.token('demo', 'web'), 0o600);
  return {
    home,
    env: { CA_ADDR: address, CA_ROOT_CA: home.path('roots.pem'), TOKEN_FILE: home.path('token'), SPIFFE_ID: web },
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
      home[Symbol.dispose]();
    },
  };
}

/** Begins to watch before it returns, so that a server cannot be ready unseen. */
async function ready(directory: string): Promise<string> {
  for await (const { filename } of watch(directory)) {
    if (filename === 'ready.json') return addressIn(join(directory, filename));
  }
  throw new Error('the folder cannot be watched');
}

function addressIn(file: string): string {
  const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (typeof value === 'object' && value !== null && 'istio' in value && typeof value.istio === 'string')
    return value.istio;
  throw new Error(`${file} names no Istio door`);
}

async function died(child: ChildProcess, said: readonly Buffer[]): Promise<never> {
  await once(child, 'exit');
  throw new Error(`serve ended before it was ready:\n${Buffer.concat(said).toString()}`);
}
