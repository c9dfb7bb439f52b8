import type { Authenticator, Evidence } from '#issuance/ports.ts';
import { type Caller, mintCaller } from '#policy/caller.ts';
import { istioId, type TrustDomain } from '#spiffe/spiffe-id.ts';
import { bearerToken, maxTokenLength } from '../oidc/bearer.ts';
import type { Clusters } from './clusters.ts';
import { refuseToken } from './proven-token.ts';

/** A Kubernetes service-account token as bearer token (contract istio-ca.md §2.2, §2.3), of one of several clusters. */
export class KubernetesAuthenticator implements Authenticator {
  readonly name = 'k8s-token';
  readonly #clusters: Clusters;
  readonly #trustDomain: TrustDomain;

  constructor(options: { readonly clusters: Clusters; readonly trustDomain: TrustDomain }) {
    this.#clusters = options.clusters;
    this.#trustDomain = options.trustDomain;
  }

  async authenticate(evidence: Evidence, signal: AbortSignal): Promise<Caller | undefined> {
    const token = bearerToken(evidence.authorization);
    if (token === undefined) return undefined;
    if (token === '') refuseToken('it is empty');
    if (token.length > maxTokenLength) refuseToken(`it is longer than ${maxTokenLength} bytes`);
    const cluster = this.#clusters.find(evidence.clusterId);
    const proven = await cluster.prover.prove(token, signal);
    return mintCaller({
      ...proven,
      identity: istioId(this.#trustDomain, proven.namespace, proven.serviceAccount),
      authenticator: 'k8s-token',
      cluster: cluster.id,
    });
  }
}
