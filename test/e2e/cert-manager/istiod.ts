import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { p256Request, web } from '#test/support/requests.ts';

/** What stands in a Secret, by key; each becomes a file of the mount. */
export type Files = Readonly<Record<string, string>>;

/** How istiod stands after it saw a mount. */
export interface Stand {
  /** Why it does not take it; empty where it does. */
  readonly refused: string;
  /** PEM, what the workload `web` is answered then: leaf, the chain one by one, all roots in the last element. */
  readonly chain: readonly string[];
}

/** istiod as it starts with the first, and as each further one takes its place. `program`: cacerts of set:pilot-agent. */
export async function asIstiod(program: string, mounts: readonly Files[], env: Files = {}): Promise<readonly Stand[]> {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-istiod-'));
  try {
    const folders = mounts.map((files, n) => {
      const folder = join(directory, String(n));
      mkdirSync(folder);
      for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content, { mode: 0o600 });
      return folder;
    });
    const order = { csr: p256Request(web).csr, identity: web, folders };
    return JSON.parse(await outputOf(program, JSON.stringify(order), env));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function outputOf(program: string, input: string, env: Files): Promise<string> {
  return new Promise((resolve, reject) => {
    const { stdin } = execFile(program, { env: { ...process.env, ...env } }, (error, out, complaint) =>
      error ? reject(new Error(`${error.message}: ${complaint}`)) : resolve(out),
    );
    // One that ends before it has read says why elsewhere.
    stdin?.on('error', () => {});
    stdin?.end(input);
  });
}
