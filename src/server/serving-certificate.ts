import type { Renewal } from '#authority/renewal.ts';
import type { ServingPair } from '#authority/serving-certificate.ts';
import type { IstioDoor } from '#doors/istio/door.ts';
import { BackOff } from '#kubernetes/back-off.ts';
import { pause, systemPace } from '#kubernetes/pace.ts';
import { Refusal } from '#refusal/refusal.ts';
import type { Foundation } from './foundation.ts';
import type { Issuing } from './issuing.ts';
import type { OwnCertificates } from './own-certificates.ts';

/** As istio-csr tries for its first. */
const retry = { firstMs: 1_000, mostMs: 30_000 };

export interface Waiting {
  /** Ends it; its reason is what is thrown. */
  readonly signal: AbortSignal;
  /** Takes what is to be called when trying at once is worth it. */
  readonly onNews: (wake: () => void) => void;
}

/** The first certificate. An outside issuer that has none to give yet is asked again until it does; one of our own is not. */
export async function firstServing(
  serving: Renewal<ServingPair>,
  { logger, metrics }: Foundation,
  issuing: Issuing,
  { signal, onNews }: Waiting,
): Promise<void> {
  const backOff = new BackOff(retry, systemPace);
  for (;;) {
    const news = new AbortController();
    onNews(() => news.abort());
    try {
      await serving.start();
      return;
    } catch (thrown) {
      if (!issuing.mayWait || !(thrown instanceof Refusal)) throw thrown;
      metrics.istioCsr?.servingTried(false);
      const ms = backOff.next();
      logger.info('the serving certificate waits for its issuer', { ms, reason: thrown.message });
      await pause(systemPace, ms, AbortSignal.any([signal, news.signal]));
      signal.throwIfAborted();
    }
  }
}

/** Our own certificate: on the record like any other, renewed without dropping a connection. */
export function keepServing(
  { config, logger, metrics }: Foundation,
  own: OwnCertificates,
  door: IstioDoor,
): Renewal<ServingPair> {
  return own.keep(config.istio.serving, {
    apply(pair) {
      door.setServingCertificate(pair);
      metrics.istioCsr?.servingTried(true);
      metrics.expiries.set('serving', { istio: pair.notAfter });
      logger.info('serving certificate', { expires: new Date(pair.notAfter * 1000).toISOString() });
    },
    failed(error, ms) {
      metrics.istioCsr?.servingTried(false);
      logger.error('the serving certificate could not be renewed; the old one stays in use', { ms, error });
    },
  });
}
