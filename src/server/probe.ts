import { Worker } from 'node:worker_threads';
import type { Foundation } from './foundation.ts';
import type { FromProbeThread, ProbeThreadOptions, ToProbeThread } from './probe-thread.ts';

/** ms between two words to the thread that answers. */
const tellEveryMs = 500;

/**
 * Readiness where istio-csr has it, if the configuration asks for that, on a thread of its own: ten thousand agents at the
 * door of the Istio API are no reason to be taken for dead. Resolves when it listens; rejects with what the system says.
 */
export async function openProbe({
  config,
  health,
  logger,
}: Foundation): Promise<{ close(): Promise<void> } | undefined> {
  const { probe, maxConnections } = config.admin;
  if (probe === undefined) return undefined;
  const options: ProbeThreadOptions = {
    ...probe.listen,
    path: probe.path,
    maxConnections,
    expected: ['tls_provider', 'grpc_server'],
  };
  const worker = new Worker(new URL('./probe-thread.ts', import.meta.url), { workerData: options });
  await listening(worker);
  worker.on('message', (word: FromProbeThread) => {
    if (word !== 'listening') logger.warn('the probe could not be answered', { reason: word.failed });
  });
  worker.on('error', (error) => logger.error('probes are not answered any more', { error }));
  const post = (word: ToProbeThread) => worker.postMessage(word);
  const tell = () => post({ health: health.readiness() });
  health.onChange(tell);
  const timer = setInterval(tell, tellEveryMs).unref();
  worker.unref();
  return {
    async close() {
      clearInterval(timer);
      const ended = new Promise((resolve) => worker.once('exit', resolve));
      worker.ref();
      post('close');
      await ended;
    },
  };
}

function listening(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.once('message', () => resolve());
    worker.once('error', reject);
  });
}
