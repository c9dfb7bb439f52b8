import type { AuditEvent } from '#audit/event.ts';
import { installIssuer } from '#authority/install-issuer.ts';
import { issueServingCertificate } from '#authority/serving-certificate.ts';
import { Distribution, type DistributionOptions } from '#distribution/distribution.ts';
import type { Pair } from '#distribution/serving-secret.ts';
import { SoftwareSigner } from '#keys/software/signer.ts';
import type { KubernetesApi } from '#kubernetes/api.ts';
import { makeServingKey } from '#server/serving-key.ts';
import { SystemEntropy } from '#server/system.ts';
import { FakePace } from '#test/kubernetes/fake-pace.ts';
import { testAuthority } from '#test/support/software-ca.ts';
import { serialNumbers } from '#x509/profile/serial.ts';
import { FakeCluster } from './fake-cluster.ts';

export const root = testAuthority({ commonName: 'Root' });
const intermediate = testAuthority({ commonName: 'Mesh CA', issuer: root, trustDomain: 'cluster.local' });
export const nextRoot = testAuthority({ commonName: 'Next root' });

export const names = { dnsNames: ['istiod.istio-system.svc'], uri: 'spiffe://cluster.local/ns/istio-system/sa/istiod' };

/** One or more replicas on one cluster, in time that a test holds. */
export class Rig {
  readonly pace = new FakePace();
  readonly cluster = new FakeCluster();
  readonly told: string[] = [];
  readonly outcomes: string[] = [];
  readonly records: AuditEvent[] = [];
  readonly expiries: (number | undefined)[] = [];
  bundle = root.pem;
  lifetime = 3600;
  readonly #replicas: Distribution[] = [];

  replica(
    identity: string,
    options: Partial<DistributionOptions> = {},
    api: KubernetesApi = this.cluster,
  ): Distribution {
    const replica = new Distribution({
      api,
      identity,
      pace: this.pace,
      lease: { namespace: 'istio-system', name: 'istio-csr' },
      bundle: () => this.bundle,
      observer: {
        wrote: (kind, outcome) => void this.outcomes.push(`${kind} ${outcome}`),
        told: (level, kind, message) => void this.told.push(`${level} ${kind}: ${message}`),
      },
      ...options,
    });
    this.#replicas.push(replica);
    replica.start();
    return replica;
  }

  /** For `controlPlaneCertificate`. */
  get istiod(): NonNullable<DistributionOptions['controlPlaneCertificate']> {
    return {
      ...names,
      namespace: 'istio-system',
      secret: 'istiod-tls',
      keyKind: 'ec:P-256',
      renewAt: 0.5,
      issue: () => this.issue(),
      expires: (notAfter) => void this.expiries.push(notAfter),
    };
  }

  issue(dnsNames: readonly string[] = names.dnsNames): Promise<Pair> {
    const material = {
      name: 'mesh',
      chain: intermediate.pem,
      roots: root.pem,
      places: { chain: 'chain', roots: 'roots' },
      trustDomain: 'cluster.local',
      signer: new SoftwareSigner(intermediate.key),
      keyKind: 'ec:P-256',
    } as const;
    const { live } = installIssuer(material, Date.now() / 1000);
    return issueServingCertificate({
      profile: 'control-plane-v1',
      issuer: () => live,
      makeKey: () => makeServingKey('ec:P-256'),
      serials: serialNumbers(new SystemEntropy(), 0x41),
      log: { append: async (event) => this.records.push(event) - 1, size: 0, newestTime: 0 },
      clock: this.pace,
      eventId: () => `event-${this.records.length}`,
      instance: { name: 'test' },
      names: { dnsNames, ipAddresses: [], uris: [names.uri] },
      lifetime: this.lifetime,
    });
  }

  async stop(): Promise<void> {
    await Promise.all(this.#replicas.map((replica) => replica.stop()));
  }
}

/** Lets all that is ready run, without time passing. */
export async function turns(count = 50): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
