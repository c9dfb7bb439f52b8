import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeWith, repository } from '#test/oracles.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-life-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describeWith(['control-plane'], 'a cluster whose process is killed', () => {
  it('leaves no program and no file behind', { timeout: 240_000 }, async () => {
    const program = `
      import { Cluster } from '#test/support/control-plane/cluster.ts';
      const cluster = await Cluster.start();
      console.log(cluster.pids.join(' '));
      setInterval(() => {}, 1000);`;
    const words = ['--input-type=module-typescript', '--eval', program];
    const env = { ...process.env, TMPDIR: folder };
    const tester = spawn(process.execPath, words, { cwd: repository, env, stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = await once(createInterface({ input: tester.stdout }), 'line');
    const pids = String(line).split(' ').map(Number);
    expect(pids.map(alive)).toEqual([true, true]);
    expect(readdirSync(folder)).toHaveLength(1);
    tester.kill('SIGKILL');
    await expect.poll(() => pids.map(alive), { timeout: 10_000 }).toEqual([false, false]);
    await expect.poll(() => readdirSync(folder), { timeout: 10_000 }).toEqual([]);
  });
});

describe('scripts/control-plane', () => {
  const run = (env: Readonly<Record<string, string>>, ...words: string[]) =>
    spawnSync(join(repository, 'scripts', 'control-plane'), words, {
      encoding: 'utf8',
      env: { ...process.env, KUBEBUILDER_ASSETS: '', ...env },
    });

  it('says what is missing in KUBEBUILDER_ASSETS instead of building', () => {
    const { status, stderr } = run({ KUBEBUILDER_ASSETS: folder });
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('etcd kube-apiserver kubectl') });
  });

  it('prints KUBEBUILDER_ASSETS where all is there', () => {
    for (const name of ['etcd', 'kube-apiserver', 'kubectl']) writeFileSync(join(folder, name), '', { mode: 0o755 });
    expect(run({ KUBEBUILDER_ASSETS: folder })).toMatchObject({ status: 0, stdout: `${folder}\n` });
  });

  it('does not build where it is only asked to look, and says how to get it', () => {
    const { status, stdout, stderr } = run({ COUNTERSIGN_CACHE: folder }, '--find');
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/run scripts\/control-plane|needs Go/);
    expect(readdirSync(folder)).toEqual([]);
  });
});
