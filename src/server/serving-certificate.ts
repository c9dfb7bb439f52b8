import { Renewal } from '#authority/renewal.ts';
import { issueServingCertificate, type ServingPair } from '#authority/serving-certificate.ts';
import type { IstioDoor } from '#doors/istio/door.ts';
import type { AuditLog } from '#issuance/ports.ts';
import type { Foundation } from './foundation.ts';
import type { Issuing } from './issuing.ts';
import { makeServingKey } from './serving-key.ts';

/** Our own certificate: on the record like any other, renewed without dropping a connection. */
export function keepServing(
  foundation: Foundation,
  issuing: Issuing,
  log: AuditLog,
  door: IstioDoor,
): Renewal<ServingPair> {
  const { config, clock, logger, metrics } = foundation;
  const { serving } = config.istio;
  return new Renewal<ServingPair>({
    make: () =>
      issueServingCertificate({
        profile: 'serving-v1',
        issuer: () => issuing.live.get(undefined),
        makeKey: () => makeServingKey(serving.keyType),
        serials: foundation.serials,
        log,
        clock,
        eventId: foundation.ids,
        instance: foundation.events.instance,
        names: serving,
        lifetime: serving.lifetimeSeconds,
      }),
    apply: (pair) => {
      door.setServingCertificate(pair);
      metrics.istioCsr?.servingTried(true);
      issuing.ownKeys.add(pair.spkiSha256);
      metrics.expiries.set('serving', { istio: pair.notAfter });
      logger.info('serving certificate', { expires: new Date(pair.notAfter * 1000).toISOString() });
    },
    failed: (error, ms) => {
      metrics.istioCsr?.servingTried(false);
      logger.error('the serving certificate could not be renewed; the old one stays in use', { ms, error });
    },
    renewAt: serving.renewAt,
    now: () => clock.now(),
  });
}
