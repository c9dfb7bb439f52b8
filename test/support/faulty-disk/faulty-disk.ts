import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { oracle } from '#test/oracles.ts';

/** `full`: no file can grow. `sync`: nothing reaches stable storage (EIO). */
export type DiskTrouble = 'full' | 'sync';

const lookAgainMs = 5;
const patienceMs = 30_000;

/** A folder whose disk fails when it is told to, for programs that are started with `env`. Needs the judge `cc`. */
export class FaultyDisk {
  readonly env: Readonly<Record<string, string>>;
  readonly #control: string;

  /** `root`: the folder; `control`: a file beside it that the programs may make. */
  constructor(root: string, control: string) {
    this.#control = control;
    this.env = { LD_PRELOAD: library(), FAULTY_DISK: control, FAULTY_ROOT: root };
  }

  /** Resolves once something has met the trouble, which lasts until `heal`. */
  async fail(how: DiskTrouble): Promise<void> {
    rmSync(`${this.#control}.met`, { force: true });
    writeFileSync(this.#control, how);
    for (const deadline = performance.now() + patienceMs; !existsSync(`${this.#control}.met`); ) {
      if (performance.now() > deadline) throw new Error(`nobody has met the trouble ${how} of the disk`);
      await pause(lookAgainMs);
    }
  }

  heal(): void {
    rmSync(this.#control, { force: true });
  }
}

let made: string | undefined;

/** Built once a process, for all accounts to read; gone with the process. */
function library(): string {
  if (made !== undefined) return made;
  const compiler = oracle('cc');
  if (!compiler.available) throw new Error(`there is no C compiler: ${compiler.how}`);
  const folder = mkdtempSync(join(tmpdir(), 'countersign-disk-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o755);
  made = join(folder, 'faulty-disk.so');
  const source = join(import.meta.dirname, 'faulty-disk.c');
  execFileSync(compiler.path, ['-shared', '-fPIC', '-O2', '-Wall', '-o', made, source, '-ldl'], { stdio: 'pipe' });
  return made;
}
