import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import type { Cluster } from './cluster.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Path of a socket that answers with the facts of the run's control plane. */
    readonly controlPlane: string;
  }
}

/**
 * One control plane for all files of a run, started when the first of them asks for it, so that a run that needs none
 * costs nothing. It lives in vitest's own process; the files run in others.
 */
export default function setup(project: TestProject): () => Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-run-'));
  const socket = join(folder, 'control-plane.sock');
  let cluster: Promise<Cluster> | undefined;
  const server = createServer((_, response) => {
    cluster ??= import('./cluster.ts').then(({ Cluster }) => Cluster.start());
    cluster.then(
      ({ facts }) => response.end(JSON.stringify(facts)),
      (thrown: unknown) => response.writeHead(500).end(String(thrown)),
    );
  });
  server.listen(socket);
  project.provide('controlPlane', socket);
  return async () => {
    server.close();
    const started = await cluster?.catch(() => undefined);
    await started?.stop();
    rmSync(folder, { recursive: true, force: true });
  };
}
