import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A volume as kubelet keeps it: what a program opens is a link into a folder of this turn, and one rename changes all files. */
export class Volume {
  readonly folder: string;
  #turn = 0;

  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  write(files: Readonly<Record<string, string>>): void {
    const before = this.path(`..${this.#turn}`);
    this.#turn += 1;
    const turn = `..${this.#turn}`;
    mkdirSync(this.path(turn));
    for (const [name, content] of Object.entries(files))
      writeFileSync(this.path(join(turn, name)), content, { mode: 0o600 });
    symlinkSync(turn, this.path('..data_tmp'));
    renameSync(this.path('..data_tmp'), this.path('..data'));
    for (const name of Object.keys(files)) {
      if (!existsSync(this.path(name))) symlinkSync(join('..data', name), this.path(name));
    }
    rmSync(before, { recursive: true, force: true });
  }
}
