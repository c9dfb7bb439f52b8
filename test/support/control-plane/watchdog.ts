import { type ChildProcess, spawn } from 'node:child_process';

/** Its standard input ends when this process does, however it does: then what was guarded is killed and the folder goes. */
const script = `trap '' INT TERM HUP
pids=
while read -r pid; do if [ "$pid" = done ]; then pids=; else pids="$pids $pid"; fi; done
[ -z "$pids" ] || kill -KILL $pids 2>/dev/null
rm -rf -- "$1" 2>/dev/null || { sleep 1; rm -rf -- "$1"; }`;

/** Sees to it that no program and no file of a cluster outlives the process that started it. */
export class Watchdog {
  readonly #shell: ChildProcess;

  constructor(folder: string) {
    // A process group of its own: an interrupt from the keyboard is meant for the tests.
    this.#shell = spawn('/bin/sh', ['-c', script, 'watchdog', folder], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
  }

  guard(pid: number): void {
    this.#shell.stdin?.write(`${pid}\n`);
  }

  /** For when everything that was guarded has ended: nothing is killed any more, the folder goes. */
  release(): Promise<void> {
    return new Promise((resolve) => {
      this.#shell.once('close', () => resolve());
      this.#shell.stdin?.end('done\n');
    });
  }
}
