import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { vi } from 'vitest';
import { type Ran, run } from '#test/cli/run-cli.ts';
import { repository } from '#test/oracles.ts';
import { at } from '#test/support/control-plane/client.ts';
import type { MountedPod } from './mounted-pod.ts';

const patiently = { timeout: 30_000, interval: 20 };
const main = join(repository, 'src/cli/main.ts');

/** A pod's containers as processes of this machine, with the arguments and files that were rendered. */
export class Replica implements AsyncDisposable {
  readonly lines: string[] = [];
  readonly #child: ChildProcess;
  readonly #pod: MountedPod;
  readonly #readyFile: string;
  readonly #ended: Promise<unknown>;

  private constructor(child: ChildProcess, pod: MountedPod, readyFile: string) {
    this.#child = child;
    this.#pod = pod;
    this.#readyFile = readyFile;
    this.#ended = once(child, 'close');
    if (child.stderr === null) throw new Error('a pipe was asked for');
    createInterface({ input: child.stderr }).on('line', (line) => this.lines.push(line));
  }

  /** Resolves once the process is there; whether it is ever ready is for others to wait. */
  static async start(pod: MountedPod): Promise<Replica> {
    const env = environmentOf(pod);
    if (pod.initArguments.length > 0) {
      const { code, stderr } = await run(process.execPath, [main, ...pod.initArguments], { env });
      if (code !== 0) throw new Error(`the container before it ended with ${code}: ${stderr}`);
    }
    const readyFile = join(pod.folder, 'ready.json');
    const words = [main, ...pod.arguments, '--ready-file', readyFile];
    // Nothing but what was mounted: neither the tester's folder nor a home.
    const child = spawn(process.execPath, words, { cwd: pod.folder, env, stdio: ['ignore', 'ignore', 'pipe'] });
    return new Replica(child, pod, readyFile);
  }

  /** The first line that fits, said or to come. */
  async said(pattern: RegExp): Promise<string> {
    return vi.waitFor(() => {
      const line = this.lines.find((each) => pattern.test(each));
      if (line !== undefined) return line;
      throw new Error(`${this.#child.exitCode ?? 'still running'}: never said ${pattern}:\n${this.lines.join('\n')}`);
    }, patiently);
  }

  /** Resolves with the ports of its doors. */
  async ready(): Promise<{ readonly istio: number; readonly admin: number; readonly api: number }> {
    await vi.waitFor(() => {
      if (!existsSync(this.#readyFile))
        throw new Error(`${this.#child.exitCode ?? 'running'}: not ready:\n${this.lines.join('\n')}`);
    }, patiently);
    const file: unknown = JSON.parse(readFileSync(this.#readyFile, 'utf8'));
    const port = (door: string) => Number(String(at(file, door)).split(':').at(-1));
    return { istio: port('istio'), admin: port('admin'), api: port('api') };
  }

  async metrics(): Promise<string> {
    const { admin } = await this.ready();
    return (await fetch(`http://127.0.0.1:${admin}/metrics`)).text();
  }

  /** A command of ours in the pod, as docs write it for the first replica of a release called countersign. */
  command(text: string): Promise<Ran> {
    const words = text.replaceAll('countersign-0', this.#pod.name).split(' ');
    const placed = words.map((word) => (word.startsWith('/') ? this.#pod.path(word) : word));
    return run(process.execPath, [main, ...placed], { env: environmentOf(this.#pod) });
  }

  /** As a kubelet does it; resolves with the exit code. */
  async terminate(): Promise<number | null> {
    this.#child.kill('SIGTERM');
    await this.#ended;
    return this.#child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null) this.#child.kill('SIGKILL');
    await this.#ended;
  }
}

const environmentOf = (pod: MountedPod) => ({
  PATH: process.env.PATH ?? '',
  NODE_OPTIONS: '--disable-warning=ExperimentalWarning',
  POD_NAME: pod.name,
});
