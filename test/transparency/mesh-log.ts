import { writeFileSync } from 'node:fs';
import { Agent } from '#test/support/agent.ts';
import { TestHome } from '#test/support/home.ts';
import { p256Request, web } from '#test/support/requests.ts';
import { ServerProcess } from '#test/support/server-process.ts';

/** Calls under way together. */
const atOnce = 30;

/** A running server whose log has grown past its first bundle, as an auditor finds it. */
export class MeshLog implements AsyncDisposable {
  readonly home: TestHome;
  #server: ServerProcess;
  #agent: Agent;
  #accounts = 0;

  private constructor(home: TestHome, server: ServerProcess, agent: Agent) {
    this.home = home;
    this.#server = server;
    this.#agent = agent;
  }

  get server(): ServerProcess {
    return this.#server;
  }

  static async start(): Promise<MeshLog> {
    const home = new TestHome();
    const server = await ServerProcess.start(home);
    return new MeshLog(home, server, await Agent.connect({ port: server.istio.port, roots: home.root.pem }));
  }

  /** Another server on the same home, with another configuration. */
  async restart(configuration: string): Promise<void> {
    this.#agent.destroy();
    await this.#server.stop();
    this.home.write('countersign.yaml', configuration);
    this.#server = await ServerProcess.start(this.home);
    this.#agent = await Agent.connect({ port: this.#server.istio.port, roots: this.home.root.pem });
  }

  /** Certificates for as many service accounts; gives the leaves, PEM. */
  async issue(count: number): Promise<string[]> {
    const leaves: string[] = [];
    for (let left = count; left > 0; left -= atOnce)
      leaves.push(...(await Promise.all(Array.from({ length: Math.min(left, atOnce) }, () => this.#issueOne()))));
    return leaves;
  }

  async #issueOne(): Promise<string> {
    const account = `a${this.#accounts++}`;
    const { csr } = p256Request(`spiffe://cluster.local/ns/demo/sa/${account}`);
    const { code, message, chain } = await this.#agent.call({ csr, token: this.home.tokens.token('demo', account) });
    if (code !== 0 || chain[0] === undefined) throw new Error(`${account}: ${message}`);
    return chain[0];
  }

  /** What a workload of ours, namely `web`, has in its environment. */
  get env(): Readonly<Record<string, string>> {
    this.home.write('token', this.home.tokens.token('demo', 'web'), 0o600);
    const { host, port } = this.#server.istio;
    return {
      CA_ADDR: `${host}:${port}`,
      CA_ROOT_CA: this.home.path('roots.pem'),
      TOKEN_FILE: this.home.path('token'),
      SPIFFE_ID: web,
    };
  }

  /** The prefix of the log's tiles on the admin door. */
  get url(): string {
    return `http://${this.#server.admin.host}:${this.#server.admin.port}/log/`;
  }

  get vkeyFile(): string {
    return this.home.path('audit', 'log.vkey');
  }

  /** Waits until a checkpoint covers `size` entries; gives a file with it. */
  async checkpointOver(size: number, name: string): Promise<string> {
    for (;;) {
      const { body } = await this.#server.get('/log/checkpoint');
      if (Number(body.split('\n')[1]) < size) continue;
      const file = this.home.path(name);
      writeFileSync(file, body);
      return file;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy();
    await this.#server.stop();
    this.home[Symbol.dispose]();
  }
}
