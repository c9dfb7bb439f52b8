import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { softwareCheckpointSigner } from '#audit/checkpoint.ts';
import { AdminServer } from '#doors/admin/admin-server.ts';
import type { EngineLog } from '#store/engine-log.ts';
import { openPostgresLog } from '#store/postgres/open-log.ts';
import { Health } from '#telemetry/health.ts';
import { Metrics } from '#telemetry/metrics.ts';
import { issuedEvent } from '#test/audit/example-event.ts';
import { parsed } from '#test/cli/run-cli.ts';
import { describeWith } from '#test/oracles.ts';
import { PostgresServer } from '#test/support/postgres/server.ts';
import { fsck, logcheck } from './judges.ts';

const signer = softwareCheckpointSigner(generateKeyPairSync('ed25519').privateKey, 'log.example.com/shared');
const clock = { now: () => Date.now() };

/** One address before several, which get one request each in turn, as those of a Service do. */
async function balance(ports: readonly number[]): Promise<Server> {
  let turn = 0;
  const server = createServer((asked, answer) => {
    const port = ports[turn++ % ports.length];
    const passed = request({ host: '127.0.0.1', port, path: asked.url, method: asked.method }, (back) => {
      answer.writeHead(back.statusCode ?? 502, back.headers);
      back.pipe(answer);
    });
    passed.on('error', () => answer.destroy());
    passed.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

describeWith(['set:transparency', 'postgres'], 'a log that replicas share, read through one address', () => {
  const home = mkdtempSync(join(tmpdir(), 'countersign-shared-'));
  const vkeyFile = join(home, 'log.vkey');
  const held = new AsyncDisposableStack();
  const logs: EngineLog[] = [];
  let url = '';

  beforeAll(async () => {
    writeFileSync(vkeyFile, signer.vkey);
    const server = held.use(await PostgresServer.start());
    const doors: AdminServer[] = [];
    for (const name of ['one', 'two', 'three']) {
      const published = join(home, name, 'public');
      const log = await openPostgresLog({
        settings: server.settings('shared'),
        directory: join(home, name, 'store'),
        publicDirectory: published,
        guard: join(home, name, 'guard'),
        signer,
        clock,
        // often: doors wait for two seconds, which a busy machine needs for itself
        publishInterval: 100,
      });
      held.defer(() => log.close());
      logs.push(log);
      const door = await AdminServer.listen({
        host: '127.0.0.1',
        port: 0,
        maxConnections: 64,
        metrics: new Metrics({ clock, version: '1.2.3', process: false }),
        health: new Health(clock),
        published,
        covered: (size, signal) => log.covered(size, signal),
        version: {},
        failed: () => {},
      });
      held.defer(() => door.close());
      doors.push(door);
    }
    const balancer = await balance(doors.map((door) => door.address.port));
    held.defer(() => void balancer.close());
    const address = balancer.address();
    if (address === null || typeof address === 'string') throw new Error('the balancer has no port');
    url = `http://127.0.0.1:${address.port}/log/`;
  });
  afterAll(async () => {
    await held.disposeAsync();
    rmSync(home, { recursive: true });
  });

  it('A-12, A-14: is whole to others at any time, whichever replica answers, while all of them add to it', async () => {
    let ending = false;
    let next = 0;
    const sizes = new Set<number>();
    const adding = logs.map(async (log) => {
      while (!ending) {
        await log.append(issuedEvent(next++));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    });
    try {
      await expect
        .poll(() => Math.min(...logs.map((log) => log.publishedSize)), { timeout: 20_000 })
        .toBeGreaterThan(300);
      while (sizes.size < 6) {
        expect(await fsck(url, vkeyFile)).toMatch(/^Successfully fsck'd log with size \d+ /);
        const ran = await logcheck('log', vkeyFile, url);
        expect(ran, ran.stderr).toMatchObject({ code: 0 });
        sizes.add(Number(parsed(ran).size));
      }
    } finally {
      ending = true;
      await Promise.all(adding);
    }
  }, 60_000);
});
