import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { binary } from './binary.ts';

/** ms that a command may take. */
const patienceMs = 60_000;

/**
 * What the real kubectl prints, used with this kubeconfig: `kubectl(cluster.kubeconfig, ['apply', '-f', '-'], manifests)`.
 * Rejects with what it complains of.
 */
export async function kubectl(kubeconfig: string, words: readonly string[], input = ''): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-kubectl-'));
  try {
    const file = join(folder, 'kubeconfig');
    writeFileSync(file, kubeconfig, { mode: 0o600 });
    // Its caches would land in the home of whoever runs the tests.
    const env = { ...process.env, KUBECACHEDIR: join(folder, 'cache') };
    const child = spawn(binary('kubectl'), ['--kubeconfig', file, ...words], { env, timeout: patienceMs });
    const ended = new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    // A command that does not read its input may end before it is written.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    const [code, out, complaint] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
    if (code !== 0) throw new Error(`kubectl ${words.join(' ')}: ${complaint.trim()}`);
    return out;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
