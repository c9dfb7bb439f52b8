import { loadConfig } from '#config/load.ts';
import { type RunningServer, startServer } from '#server/serve.ts';
import { Agent, type Answer, type Ask } from '#test/support/agent.ts';
import type { TestHome } from '#test/support/home.ts';
import { type LogRecord, recordsOf } from '#test/support/records.ts';
import { p256Request } from '#test/support/requests.ts';

// Each server of a process stays there until its end, to write out the last lines of its log.
process.setMaxListeners(100);

/** Telemetry of a server whose lines nobody reads. */
export const quiet = { telemetry: { logs: { level: 'error', format: 'json' } } };

/** The whole server in this process, so that a test may set its clock. */
export class InProcess implements AsyncDisposable {
  readonly server: RunningServer;
  readonly home: TestHome;
  readonly #roots: string;
  #closed = false;

  private constructor(server: RunningServer, home: TestHome, roots: string) {
    this.server = server;
    this.home = home;
    this.#roots = roots;
  }

  /** `roots`: PEM, where they are not the home's own. */
  static async start(home: TestHome, roots = home.root.pem, signal?: AbortSignal): Promise<InProcess> {
    return new InProcess(await startServer(loadConfig(home.path('countersign.yaml')), signal), home, roots);
  }

  get records(): LogRecord[] {
    return recordsOf(this.home);
  }

  get types(): string[] {
    return this.records.map(({ type }) => type);
  }

  /** One call on a connection of its own; by default a good one. */
  async ask(ask: Ask = {}): Promise<Answer> {
    using agent = await Agent.connect({ port: this.server.istio.port, roots: this.#roots });
    return await agent.call({ csr: p256Request().csr, token: this.home.tokens.token('demo', 'web'), ...ask });
  }

  async get(path: string): Promise<{ readonly status: number; readonly body: string }> {
    const { host, port } = this.server.admin;
    const response = await fetch(`http://${host}:${port}${path}`);
    return { status: response.status, body: await response.text() };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.server.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
