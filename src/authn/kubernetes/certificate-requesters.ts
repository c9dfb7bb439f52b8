import type { Authenticator, Evidence } from '#issuance/ports.ts';
import { type Caller, mintCaller } from '#policy/caller.ts';
import { parseSpiffeId, type TrustDomain } from '#spiffe/spiffe-id.ts';

/**
 * Whoever may make CertificateRequests in a namespace, and has them approved there. Who that was is cert-manager's word, if
 * anybody's (kubernetes.md §1.3): it narrows what a policy gives, and proves nobody a workload.
 */
export class CertificateRequesters implements Pick<Authenticator, 'authenticate'> {
  readonly #trustDomain: TrustDomain;

  constructor(trustDomain: TrustDomain) {
    this.#trustDomain = trustDomain;
  }

  async authenticate({ certificateRequest }: Evidence): Promise<Caller | undefined> {
    if (certificateRequest === undefined) return undefined;
    const { cluster, namespace, issuerRef, user } = certificateRequest;
    return mintCaller({
      // no workload has an identity of this form
      identity: parseSpiffeId(`spiffe://${this.#trustDomain}/certificate-requests/ns/${namespace}`),
      authenticator: 'kubernetes-object',
      credential: {},
      ...{ cluster, namespace, issuerRef },
      ...(user !== undefined && { user }),
    });
  }
}
