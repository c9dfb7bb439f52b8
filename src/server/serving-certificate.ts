import { Renewal } from '#authority/renewal.ts';
import type { ServingPair } from '#authority/serving-certificate.ts';
import type { IstioDoor } from '#doors/istio/door.ts';
import type { Foundation } from './foundation.ts';
import type { OwnCertificates } from './own-certificates.ts';

/** Our own certificate: on the record like any other, renewed without dropping a connection. */
export function keepServing(
  { config, clock, logger, metrics }: Foundation,
  own: OwnCertificates,
  door: IstioDoor,
): Renewal<ServingPair> {
  const { serving } = config.istio;
  return new Renewal<ServingPair>({
    make: () =>
      own.issue({
        profile: 'serving-v1',
        keyType: serving.keyType,
        names: serving,
        lifetime: serving.lifetimeSeconds,
      }),
    apply: (pair) => {
      door.setServingCertificate(pair);
      metrics.istioCsr?.servingTried(true);
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
