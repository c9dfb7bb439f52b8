import { parentPort, workerData } from 'node:worker_threads';
import { DistantHealth } from '#doors/admin/distant-health.ts';
import type { HealthReport } from '#doors/admin/ports.ts';
import { listenForProbes } from '#doors/admin/probe-server.ts';

/** The thread that answers probes: what it knows it is told, and who asks waits for nobody else. */

/** What the thread is started with. */
export interface ProbeThreadOptions {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly maxConnections: number;
  readonly expected: readonly string[];
}

export type ToProbeThread = { readonly health: HealthReport } | 'close';
export type FromProbeThread = 'listening' | { readonly failed: string };

const { host, port, path, maxConnections, expected }: ProbeThreadOptions = workerData;
const health = new DistantHealth();
const say = (word: FromProbeThread) => parentPort?.postMessage(word);
const listener = await listenForProbes({
  ...{ host, port, path, maxConnections, expected, health },
  failed: (error) => say({ failed: String(error) }),
});
parentPort?.on('message', (word: ToProbeThread) => {
  if (word !== 'close') health.tell(word.health);
  else void listener.close().then(() => parentPort?.close());
});
say('listening');
