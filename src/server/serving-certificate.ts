import { Renewal } from '#authority/renewal.ts';
import { issueServingCertificate, type ServingPair, type ServingParts } from '#authority/serving-certificate.ts';
import type { IstioDoor } from '#doors/istio/door.ts';
import type { AuditLog } from '#issuance/ports.ts';
import type { KeyKind } from '#x509/algorithms.ts';
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
      issueOwn(foundation, issuing, log, {
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

/** A certificate for a key of ours, from the default issuer and on the record; nobody else is given one for that key. */
export async function issueOwn(
  { serials, clock, ids, events }: Foundation,
  issuing: Issuing,
  log: AuditLog,
  { keyType, ...terms }: Pick<ServingParts, 'profile' | 'names' | 'lifetime'> & { readonly keyType: KeyKind },
): Promise<ServingPair> {
  const pair = await issueServingCertificate({
    ...terms,
    issuer: () => issuing.live.get(undefined),
    makeKey: () => makeServingKey(keyType),
    serials,
    log,
    clock,
    eventId: ids,
    instance: events.instance,
  });
  issuing.ownKeys.add(pair.spkiSha256);
  return pair;
}
