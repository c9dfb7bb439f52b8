import type { Authenticator, Evidence } from '#issuance/ports.ts';
import { type Caller, mintCaller } from '#policy/caller.ts';
import { Refusal } from '#refusal/refusal.ts';
import { istioId, type TrustDomain } from '#spiffe/spiffe-id.ts';
import type { BoundObjects } from './bound-objects.ts';
import type { MountingPod } from './object-facts.ts';

/**
 * The pod, account and node that a PodCertificateRequest names, found alive with exactly those UIDs and belonging
 * together. Whoever may create such objects can name any pod, even one that is not there (kubernetes.md §3.2).
 */
export class PodClaimAuthenticator implements Authenticator {
  readonly name = 'kubernetes-object';
  readonly #objects: BoundObjects<MountingPod>;
  readonly #trustDomain: TrustDomain;
  readonly #staleAfterMs: number;

  constructor(options: {
    readonly objects: BoundObjects<MountingPod>;
    readonly trustDomain: TrustDomain;
    /** ms without a word from a watch after which nobody is told alive. */
    readonly staleAfterMs: number;
  }) {
    this.#objects = options.objects;
    this.#trustDomain = options.trustDomain;
    this.#staleAfterMs = options.staleAfterMs;
  }

  async authenticate({ pod: claim }: Evidence): Promise<Caller | undefined> {
    if (claim === undefined) return undefined;
    const { cluster, namespace, pod, serviceAccount, node, signerName } = claim;
    if (this.#objects.silentMs > this.#staleAfterMs) throw cannotTell();
    const stands = await this.#objects.stand({ namespace, serviceAccount, pod, node }, 'ask', (facts) => {
      if (facts.nodeName !== node.name) refuseClaim('its pod runs on another node');
      if (!facts.signers.includes(signerName)) refuseClaim('its pod mounts no certificate of this signer');
    });
    if (!stands) throw cannotTell();
    return mintCaller({
      identity: istioId(this.#trustDomain, namespace, serviceAccount.name),
      authenticator: 'kubernetes-object',
      credential: {},
      ...{ cluster, namespace, pod },
      serviceAccount: serviceAccount.name,
      serviceAccountUid: serviceAccount.uid,
      node: node.name,
      nodeUid: node.uid,
    });
  }
}

/** `why` is for the log. */
export function refuseClaim(why: string): never {
  throw new Refusal('authn.failed', `the request is not taken: ${why}`);
}

const cannotTell = () => new Refusal('authn.unavailable', 'whether the pod is there cannot be told at present');
