import { Counter, type Registry } from 'prom-client';
import type { CertManagerIssuerConfig } from '#config/sections/issuers.ts';
import type { OutsideIssuer } from '#issuance/ports.ts';
import { connect } from '#kubernetes/connect.ts';
import { asRefusal } from '#refusal/refusal.ts';
import { CertificateRequests } from '#upstream/certificate-requests.ts';
import { type IssuerReference, referenceText } from '#upstream/issuer-reference.ts';
import { NamedIssuer } from '#upstream/named-issuer.ts';
import { apiServer } from './api-server.ts';
import type { Foundation } from './foundation.ts';

/** An issuer of cert-manager that can be asked; which one that is may change. */
export interface OpenRequests extends OutsideIssuer {
  /** Undefined while nobody has named one. */
  readonly named: IssuerReference | undefined;
  /** Calls `follow` when another is named, or none. */
  onNamed(follow: () => void): void;
  stop(): Promise<void>;
}

/** Connects to nothing before the first request or the first look at the ConfigMap. Throws where we are nobody at the API server. */
export function openRequests(
  { name: component, requests: config }: CertManagerIssuerConfig,
  { instance, logger, metrics }: Foundation,
): OpenRequests {
  const { kubeconfig, issuer, runtime, ...options } = config;
  const api = connect(apiServer(kubeconfig));
  const followers: (() => void)[] = [];
  const onTrouble = (reason: string) => logger.warn("cert-manager's issuer", { issuer: component, reason });
  const names = new NamedIssuer({
    ...(issuer && { fixed: issuer }),
    ...(runtime && { runtime: { api, ...runtime } }),
    onTrouble,
    onChange: (now) => {
      logger.info("cert-manager's issuer", {
        issuer: component,
        reason: `named: ${now ? referenceText(now) : 'nobody'}`,
      });
      for (const follow of followers) follow();
    },
  });
  const requests = new CertificateRequests({
    ...options,
    api,
    requester: instance.bootId,
    queueObserver: metrics.queues.of('certificaterequests-leftovers'),
    issuer: () => names.current,
    onTrouble,
  });
  const outcomes = outcomesOf(metrics.registry);
  for (const outcome of ['issued', 'issuer.denied', 'issuer.unavailable'])
    outcomes.inc({ issuer: component, outcome }, 0);
  metrics.gauges.watchQueue(`certificate-requests-${component}`, () => requests.inFlight);
  names.start();
  requests.start();
  return {
    get named() {
      return names.current;
    },
    onNamed: (follow) => void followers.push(follow),
    async request(order, signal) {
      try {
        const answer = await requests.request(order, signal);
        outcomes.inc({ issuer: component, outcome: 'issued' });
        return answer;
      } catch (thrown) {
        outcomes.inc({ issuer: component, outcome: asRefusal(thrown).code });
        throw thrown;
      }
    },
    async stop() {
      await names.stop();
      await requests.stop();
      await api.close();
    },
  };
}

const family = 'countersign_certificate_requests_total';

/** One for all issuers. */
function outcomesOf(registry: Registry): Counter<'issuer' | 'outcome'> {
  const known = registry.getSingleMetric(family);
  if (known instanceof Counter) return known;
  return new Counter({
    name: family,
    help: 'CertificateRequests that ended, by how: issued, or why not.',
    labelNames: ['issuer', 'outcome'],
    registers: [registry],
  });
}
