import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blocksIn } from '#test/siem/page.ts';
import { freePort, Program } from '#test/support/control-plane/program.ts';

const readyWithinMs = 60_000;

/** OpenTelemetry's own Collector on the loopback, which writes each request that it takes to files. */
export class OtelCollector implements AsyncDisposable {
  readonly url: string;
  readonly #folder: string;
  readonly #program: Program;

  private constructor(programs: string, folder: string, port: number) {
    this.url = `http://127.0.0.1:${port}`;
    this.#folder = folder;
    const config = join(folder, 'collector.yaml');
    writeFileSync(config, configuration(folder, port));
    this.#program = new Program(join(programs, 'collector'), ['--config', `file:${config}`], join(folder, 'said'));
  }

  /** `programs` is the folder of the set. */
  static async start(programs: string): Promise<OtelCollector> {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-otel-'));
    const collector = new OtelCollector(programs, folder, await freePort());
    await collector.#program.ready(async () => (await collector.post('application/json', '{}')) === 200, readyWithinMs);
    return collector;
  }

  /** The status that it answers a request with. */
  async post(contentType: string, body: string | Uint8Array<ArrayBuffer>): Promise<number> {
    const sent = await fetch(`${this.url}/v1/logs`, { method: 'POST', headers: { 'content-type': contentType }, body });
    await sent.bytes();
    return sent.status;
  }

  /** What it has taken, as it wrote it: a request a line, and messages behind their lengths. It ends with this. */
  async written(): Promise<{ readonly json: readonly unknown[]; readonly protobuf: Buffer }> {
    this.#program.signal('SIGTERM');
    await this.#program.ended;
    const lines = readFileSync(join(this.#folder, 'countersign.jsonl'), 'utf8').split('\n').slice(0, -1);
    return {
      json: lines.map((line) => JSON.parse(line)),
      protobuf: readFileSync(join(this.#folder, 'countersign.binpb')),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program.kill();
    rmSync(this.#folder, { recursive: true });
  }
}

/** That of docs/siem/opentelemetry.md, with a port and a folder of ours, and without metrics about itself. */
function configuration(folder: string, port: number): string {
  const [documented = ''] = blocksIn('opentelemetry', 'yaml collector');
  const here = documented.replace(':4318', `:${port}`).replaceAll('/var/lib/otel', folder);
  return `${here}  telemetry:\n    metrics:\n      level: none\n`;
}
