import { chmodSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, listens, Program } from '../control-plane/program.ts';
import { Watchdog } from '../control-plane/watchdog.ts';
import { serverAccount } from './account.ts';
import { readable } from './readable.ts';
import type { PostgresServer } from './server.ts';

const readyWithinMs = 20_000;

/** PgBouncer out of the folder that Debian's packages were extracted into, before a server of a test. */
export class PgBouncer implements AsyncDisposable {
  readonly port: number;
  readonly #program: Program;
  readonly #watchdog: Watchdog;

  private constructor(port: number, program: Program, watchdog: Watchdog) {
    this.port = port;
    this.#program = program;
    this.#watchdog = watchdog;
  }

  /** `mode`: what a client keeps its connection to the server for. */
  static async start(
    judge: string,
    server: PostgresServer,
    mode: 'session' | 'transaction' | 'statement',
  ): Promise<PgBouncer> {
    const root = readable(judge);
    const folder = mkdtempSync(join(tmpdir(), 'cs-bouncer-'));
    chmodSync(folder, 0o755);
    const watchdog = new Watchdog(folder);
    const port = await freePort();
    const settings = [
      '[databases]',
      `postgres = host=127.0.0.1 port=${server.port} user=tester`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${port}`,
      'unix_socket_dir =',
      'auth_type = any',
      `pool_mode = ${mode}`,
    ];
    writeFileSync(join(folder, 'ini'), `${settings.join('\n')}\n`);
    const libraries = readdirSync(join(root, 'usr/lib')).map((each) => join(root, 'usr/lib', each));
    const program = new Program(join(root, 'usr/sbin/pgbouncer'), [join(folder, 'ini')], join(folder, 'said'), {
      ...serverAccount(),
      env: { ...process.env, LD_LIBRARY_PATH: libraries.join(':') },
    });
    watchdog.guard(program.pid);
    await program.ready(() => listens(port), readyWithinMs);
    return new PgBouncer(port, program, watchdog);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program.kill();
    await this.#watchdog.release();
  }
}
