import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { startTracing } from '#telemetry/traces/start.ts';
import { issued, request } from '../outcome.ts';

interface Export {
  readonly path: string;
  readonly type: string;
  readonly body: string;
}

const exports: Export[] = [];
let status = 200;
const collector = createServer((incoming, response) => {
  const chunks: Buffer[] = [];
  incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
  incoming.on('end', () => {
    exports.push({
      path: incoming.url ?? '',
      type: incoming.headers['content-type'] ?? '',
      body: Buffer.concat(chunks).toString('latin1'),
    });
    response.writeHead(status, { 'content-type': 'application/x-protobuf' }).end();
  });
});

async function endpoint(): Promise<string> {
  collector.listen(0, '127.0.0.1');
  await once(collector, 'listening');
  const address = collector.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `http://127.0.0.1:${address.port}/v1/traces`;
}

afterEach(async () => {
  exports.length = 0;
  status = 200;
  collector.closeAllConnections();
  await new Promise((resolve) => collector.close(resolve));
});

describe('tracing', () => {
  it('delivers spans to a collector over OTLP, those that wait at the end included, and no secret among them', async () => {
    const problems: string[] = [];
    const tracing = await startTracing({
      endpoint: await endpoint(),
      sampleRatio: 1,
      version: '1.2.3',
      instance: 'mesh-1',
      problem: (message) => problems.push(message),
    });
    tracing.observer.ended(request, issued);
    await tracing.stop();
    expect(exports).toHaveLength(1);
    expect(exports[0]).toMatchObject({ path: '/v1/traces', type: 'application/x-protobuf' });
    const body = exports[0]?.body ?? '';
    for (const word of ['CreateCertificate', 'append', 'mesh-1', request.id]) expect(body).toContain(word);
    expect(body).not.toContain('CANARY');
    expect(problems).toEqual([]);
  });

  it('sends nothing of requests that are not sampled', async () => {
    const tracing = await startTracing({
      endpoint: await endpoint(),
      sampleRatio: 0,
      version: '1',
      instance: 'i',
      problem: () => {},
    });
    for (let i = 0; i < 50; i++) tracing.observer.ended(request, issued);
    await tracing.stop();
    expect(exports).toEqual([]);
  });

  it('tells when a collector does not want the spans, and goes on', async () => {
    status = 400;
    const problems: string[] = [];
    const tracing = await startTracing({
      endpoint: await endpoint(),
      sampleRatio: 1,
      version: '1',
      instance: 'i',
      problem: (message) => problems.push(message),
    });
    tracing.observer.ended(request, issued);
    await tracing.stop();
    expect(exports).toHaveLength(1);
    expect(problems.join('\n')).toMatch(/400|Bad Request/);
  });

  it('is not loaded before it is wanted', async () => {
    await endpoint();
    const start = fileURLToPath(new URL('../../../src/telemetry/traces/start.ts', import.meta.url));
    const metrics = fileURLToPath(new URL('../../../src/telemetry/metrics.ts', import.meta.url));
    const script = `
      const loaded = () => Object.keys(require.cache).filter((file) => file.includes('/@opentelemetry/sdk-trace')).length;
      await import(${JSON.stringify(start)});
      await import(${JSON.stringify(metrics)});
      console.log(loaded());
      await import(${JSON.stringify(start.replace('start.ts', 'provider.ts'))});
      console.log(loaded() > 0);`;
    const program = `const { createRequire } = await import('node:module'); const require = createRequire(${JSON.stringify(start)}); ${script}`;
    const out = execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
    expect(out.trim().split('\n')).toEqual(['0', 'true']);
  });
});
