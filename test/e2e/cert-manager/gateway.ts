import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { run } from '#test/cli/run-cli.ts';
import { freePort, Program } from '#test/support/control-plane/program.ts';
import { Watchdog } from '#test/support/control-plane/watchdog.ts';

/** An Envoy whose one listener speaks TLS, and then says what it hears. */
export class Gateway implements AsyncDisposable {
  readonly #port: number;
  readonly #program: Program;
  readonly #watchdog: Watchdog;

  private constructor(port: number, program: Program, watchdog: Watchdog) {
    this.#port = port;
    this.#program = program;
    this.#watchdog = watchdog;
  }

  /** `envoy`: path of the program. `chain`: YAML of the members of a filter chain that the document has. Resolves once it speaks TLS. */
  static async start(envoy: string, chain: string): Promise<Gateway> {
    const port = await freePort();
    const folder = mkdtempSync(join(tmpdir(), 'countersign-gateway-'));
    const watchdog = new Watchdog(folder);
    const filter = 'type.googleapis.com/envoy.extensions.filters.network.echo.v3.Echo';
    const filters = [{ name: 'envoy.filters.network.echo', typed_config: { '@type': filter } }];
    const address = { socket_address: { address: '127.0.0.1', port_value: port } };
    const listeners = [{ name: 'gateway', address, filter_chains: [{ ...Object(parse(chain)), filters }] }];
    const config = { node: { id: 'gateway', cluster: 'shop' }, static_resources: { listeners } };
    writeFileSync(join(folder, 'envoy.yaml'), stringify(config));
    const words = ['--config-path', join(folder, 'envoy.yaml'), '--disable-hot-restart', '--concurrency', '1'];
    const program = new Program(envoy, words, join(folder, 'log'));
    watchdog.guard(program.pid);
    const gateway = new Gateway(port, program, watchdog);
    await program.ready(async () => (await gateway.shown()).includes('BEGIN CERTIFICATE'), 60_000);
    return gateway;
  }

  /** What a client sees that asks for the status too. */
  async shown(...words: string[]): Promise<string> {
    const where = ['-connect', `127.0.0.1:${this.#port}`, '-servername', 'gateway.shop.example', '-status'];
    const { stdout, stderr } = await run('openssl', ['s_client', ...where, ...words]);
    return `${stdout}${stderr}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program.kill();
    await this.#watchdog.release();
  }
}
