import type { Authenticator, CertificateRequestClaim, Evidence } from '#issuance/ports.ts';
import { ApiError, type KubernetesApi } from '#kubernetes/api.ts';
import { type Caller, mintCaller } from '#policy/caller.ts';
import { Refusal } from '#refusal/refusal.ts';
import { parseSpiffeId, type TrustDomain } from '#spiffe/spiffe-id.ts';

const callMs = 5_000;

export interface CertificateRequestersOptions {
  readonly api: KubernetesApi;
  readonly trustDomain: TrustDomain;
  /** Of the issuers, whose `signers` are referenced. */
  readonly group: string;
}

/**
 * Whoever may make CertificateRequests in a namespace, or CertificateSigningRequests, and has them approved. Who made a
 * CertificateRequest is cert-manager's word, if anybody's (kubernetes.md §1.3): it narrows what a policy gives, and proves
 * nobody a workload.
 */
export class CertificateRequesters implements Pick<Authenticator, 'authenticate'> {
  readonly #options: CertificateRequestersOptions;

  constructor(options: CertificateRequestersOptions) {
    this.#options = options;
  }

  async authenticate({ certificateRequest }: Evidence, signal: AbortSignal): Promise<Caller | undefined> {
    if (certificateRequest === undefined) return undefined;
    const { cluster, namespace, issuerRef, user } = certificateRequest;
    await this.#demandReference(certificateRequest, signal);
    return mintCaller({
      // no workload has an identity of this form
      identity: parseSpiffeId(
        `spiffe://${this.#options.trustDomain}/certificate-requests${namespace === '' ? '' : `/ns/${namespace}`}`,
      ),
      authenticator: 'kubernetes-object',
      credential: {},
      ...{ cluster, issuerRef },
      ...(namespace !== '' && { namespace }),
      ...(user !== undefined && { user }),
    });
  }

  /** An Issuer is its namespace's: of who asks past the namespace, the cluster says whether they may (kubernetes.md §2.2). */
  async #demandReference(
    { namespace, user, mustReference }: CertificateRequestClaim,
    signal: AbortSignal,
  ): Promise<void> {
    if (mustReference === undefined || user === undefined) return;
    const { group } = this.#options;
    for (const name of [mustReference.name, '*']) {
      const resourceAttributes = { group, resource: 'signers', verb: 'reference', namespace, name };
      const { name: username, uid, groups } = user;
      if (
        await this.#isAllowed({ user: username, uid, groups, extra: mustReference.extra, resourceAttributes }, signal)
      )
        return;
    }
    throw new Refusal(
      'authn.failed',
      `the request is not taken: ${user.name} may not reference signers of ${group} in namespace ${namespace}`,
    );
  }

  async #isAllowed(spec: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<boolean> {
    const { api } = this.#options;
    const kind = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview' };
    const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
    try {
      const { status } = await api.ask({
        method: 'POST',
        path,
        body: { ...kind, spec },
        timeoutMs: callMs,
        signal,
        repeatable: true,
      });
      return Object(status).allowed === true;
    } catch (cause) {
      if (!(cause instanceof ApiError)) throw cause;
      throw new Refusal(
        'authn.unavailable',
        `whether the requester may cannot be told: ${cause.message}`,
        {},
        { cause },
      );
    }
  }
}
