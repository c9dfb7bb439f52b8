import type { HttpListener } from '#doors/admin/http-listener.ts';
import { listenForProbes } from '#doors/admin/probe-server.ts';
import type { Foundation } from './foundation.ts';

/** Readiness where istio-csr has it, if the configuration asks for that. */
export async function openProbe({ config, health, logger }: Foundation): Promise<HttpListener | undefined> {
  const { probe, maxConnections } = config.admin;
  if (probe === undefined) return undefined;
  return listenForProbes({
    ...probe.listen,
    path: probe.path,
    maxConnections,
    health,
    expected: ['tls_provider', 'grpc_server'],
    failed: (error) => logger.warn('the probe could not be answered', { error }),
  });
}
