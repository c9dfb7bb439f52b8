import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { binary } from '#test/support/control-plane/binary.ts';
import type { ControlPlane } from '#test/support/control-plane/control-plane.ts';
import { repository } from '#test/support/home.ts';

/** The part of a document under a heading. Throws where the document has no such. */
export function section(heading: string, document = 'docs/istio-csr.md'): string {
  const text = readFileSync(join(repository, document), 'utf8');
  const [, found] = new RegExp(`^#+ ${heading}\n(.*?)(?=^#|(?![^]))`, 'ms').exec(text) ?? [];
  if (found === undefined) throw new Error(`${document} has no section ${JSON.stringify(heading)}`);
  return found;
}

/** What stands in ```yaml fences there. */
export const yamlIn = (part: string) => [...part.matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml = '']) => yaml);

/** What is to be typed there: indented lines. */
export const typedIn = (part: string) => [...part.matchAll(/^ {4}(\S.*)$/gm)].map(([, line = '']) => line);

/** The folder, and first home, of somebody who reads the document, with kubectl and countersign on the path and a cluster to talk to. */
export class Reader implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'countersign-reader-'));
  readonly #path: string;

  constructor({ kubeconfig }: ControlPlane) {
    this.#path = this.path('bin');
    mkdirSync(this.#path);
    writeFileSync(this.path('kubeconfig'), kubeconfig, { mode: 0o600 });
    this.#program('kubectl', `'${binary('kubectl')}' --kubeconfig '${this.path('kubeconfig')}'`);
    this.#program('countersign', `'${process.execPath}' '${join(repository, 'src/cli/main.ts')}'`);
  }

  path(...parts: readonly string[]): string {
    return join(this.directory, ...parts);
  }

  write(name: string, content: string, mode = 0o644): void {
    mkdirSync(join(this.path(name), '..'), { recursive: true });
    writeFileSync(this.path(name), content, { mode });
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8');
  }

  /** Types a line into a shell; rejects with what it complains of. */
  async type(line: string): Promise<string> {
    const env = { ...process.env, PATH: `${this.#path}:${process.env.PATH}`, KUBECACHEDIR: this.path('cache') };
    const { stdout } = await promisify(execFile)('sh', ['-ec', line], { cwd: this.directory, env });
    return stdout;
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  #program(name: string, command: string): void {
    const file = join(this.#path, name);
    writeFileSync(file, `#!/bin/sh\nexec ${command} "$@"\n`);
    chmodSync(file, 0o755);
  }
}
