import { formatTlogProof } from '#audit/tlog-proof.ts';
import type { LiveIssuers } from '#authority/issuers.ts';
import { IstioDoor } from '#doors/istio/door.ts';
import type { Issuance } from '#issuance/request.ts';
import type { DurableLog } from '#store/log.ts';
import { fipsTls } from './fips.ts';
import type { Foundation } from './foundation.ts';

/** The door for Istio's agents, counted and within the configuration's limits; not yet listening. */
export function openIstioDoor(
  { config, metrics, sparing }: Foundation,
  issuance: Issuance,
  issuers: LiveIssuers,
  log?: Pick<DurableLog, 'tlogProof'>,
): IstioDoor {
  const { limits, dialect, tls, maxCertificateLifetimeSeconds } = config.istio;
  const calls = metrics.grpc;
  let inFlight = 0;
  metrics.gauges.watchInFlight('istio', () => inFlight);
  const door = new IstioDoor({
    issuance,
    ...(log && { proofs: { of: async (index, signal) => formatTlogProof(await log.tlogProof(index, signal)) } }),
    dialect,
    trustDomain: config.trustDomain,
    tls: { ...tls, ...(config.fips.level === 'policy' && fipsTls) },
    ...(maxCertificateLifetimeSeconds !== undefined && { maxLifetimeSeconds: maxCertificateLifetimeSeconds }),
    limits: {
      maxConcurrentCalls: limits.maxConcurrentCalls,
      deadlineMs: limits.callTimeoutMs,
      maxConnections: limits.maxConnections,
      maxMessageBytes: limits.maxRequestBytes,
    },
    observer: {
      callStarted(path) {
        inFlight++;
        calls.callStarted(path);
      },
      callEnded(path, code, ms) {
        inFlight--;
        calls.callEnded(path, code, ms);
      },
      connectionOpened() {},
      connectionClosed() {},
      connectionRefused(why, reason, peer) {
        metrics.gauges.rejected('istio', why);
        sparing.log({ level: 'warn', message: 'connection refused', like: { door: 'istio', peer, code: why, reason } });
      },
    },
  });
  // A successor may stand under another root than the issuer before it.
  issuers.onChange(() => door.setClientRoots(issuers.roots()));
  return door;
}
