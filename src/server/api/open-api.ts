import type { AggregatingLog } from '#audit/aggregating-log.ts';
import type { ServingPair } from '#authority/serving-certificate.ts';
import type { ApiConfig } from '#config/sections/api.ts';
import { ApiDoor, type ApiTls } from '#doors/api/api-door.ts';
import { ApiCalls } from '#telemetry/api-calls.ts';
import type { Tracing } from '#telemetry/traces/tracing.ts';
import { fipsTls } from '../fips.ts';
import type { OwnCertificates } from '../own-certificates.ts';
import { ClientRoots } from './client-roots.ts';
import { administrators } from './proof.ts';
import { apiViews, type ViewParts } from './views.ts';

export interface ApiParts extends ViewParts {
  readonly own: OwnCertificates;
  readonly log: AggregatingLog;
  /** Absent where nobody collects them. */
  readonly traces: Tracing | undefined;
}

export interface RunningApi {
  readonly listening: { readonly host: string; readonly port: number };
  stop(): Promise<void>;
}

/** The admin API with a certificate of its own that is kept fresh; resolves when it listens. */
export async function serveApi(config: ApiConfig, parts: ApiParts): Promise<RunningApi> {
  await using opening = new AsyncDisposableStack();
  const { foundation, log } = parts;
  const { clock, events, ids, metrics, sparing, logger } = foundation;
  let door: ApiDoor | undefined;
  let pair: ServingPair | undefined;
  const roots =
    config.clientRoots === undefined
      ? undefined
      : await ClientRoots.open(config.clientRoots, foundation, () => door?.setTls(tls()));
  opening.defer(async () => roots?.stop());
  const tls = (): ApiTls => {
    if (pair === undefined) throw new Error('the admin API has no certificate yet');
    return { ...pair, ...(roots && { clientRoots: roots.pem }) };
  };

  const renewal = parts.own.keep(config.serving, {
    apply(made) {
      pair = made;
      door?.setTls(tls());
      metrics.expiries.set('api', { api: made.notAfter });
    },
    failed: (error, ms) =>
      logger.error('the certificate of the admin API could not be renewed; the old one stays in use', { ms, error }),
  });
  opening.defer(() => renewal.stop());
  await renewal.start();
  const calls = new ApiCalls(metrics.registry, () => door?.limits.streams ?? 0);
  const opened = await ApiDoor.listen({
    ...config.listen,
    bounds: config.limits,
    tls: tls(),
    ...(foundation.config.fips.level === 'policy' && { offered: fipsTls }),
    proof: administrators(config, clock),
    views: apiViews({ ...parts, look: async () => void (await Promise.all([parts.look(), roots?.look()])) }),
    ...{ log, eventId: ids, requestId: ids, instance: events.instance },
    observer: {
      answered(end) {
        calls.ended(end);
        parts.traces?.api.ended(end);
      },
      failed: (error) => logger.error('the admin API could not answer', { error }),
      rejected(code, reason, peer) {
        metrics.gauges.rejected('admin', code);
        sparing.log({ level: 'warn', message: 'connection refused', like: { door: 'admin', peer, code, reason } });
      },
    },
  });
  door = opened;
  opening.defer(() => opened.close());
  metrics.gauges.watchInFlight('admin', () => opened.limits.inFlight);
  const running = opening.move();
  const { address, port } = opened.address;
  logger.info('serving the admin API', { address: `${address}:${port}` });
  return { listening: { host: address, port }, stop: () => running.disposeAsync() };
}
