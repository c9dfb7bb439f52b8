import type { Authenticator, Evidence, Impersonation } from '#issuance/ports.ts';
import { type Caller, mintCaller } from '#policy/caller.ts';
import { Refusal } from '#refusal/refusal.ts';
import { istioId, parseIstioId, parseSpiffeId, type TrustDomain } from '#spiffe/spiffe-id.ts';
import type { TrustedAccounts } from '../node/trusted-accounts.ts';

export interface RequestersOptions {
  /** Service accounts whose word on others is taken. */
  readonly trusted: TrustedAccounts;
  readonly trustDomain: TrustDomain;
  /** All that are ours, aliases among them. */
  readonly trustDomains: readonly TrustDomain[];
}

const account = /^system:serviceaccount:([^:]+):([^:]+)$/;

/**
 * Service accounts that the API server names as the makers of CertificateSigningRequests, and whose word on whom the
 * certificate is for is taken: a registration authority such as istiod has checked that itself (kubernetes.md §2.5).
 */
export class Requesters implements Authenticator, Impersonation {
  readonly name = 'kubernetes-object';
  readonly #options: RequestersOptions;

  constructor(options: RequestersOptions) {
    this.#options = options;
  }

  async authenticate({ requester }: Evidence): Promise<Caller | undefined> {
    if (requester === undefined) return undefined;
    const { cluster, username, uid } = requester;
    const [, namespace = '', serviceAccount = ''] = account.exec(username) ?? [];
    if (serviceAccount === '' || !this.#options.trusted.has({ namespace, serviceAccount })) {
      const who = serviceAccount === '' ? 'a user that is no service account' : `${namespace}/${serviceAccount}`;
      throw new Refusal('authn.failed', `the request is not taken: ${who} is not one of the requesters of this signer`);
    }
    return mintCaller({
      identity: istioId(this.#options.trustDomain, namespace, serviceAccount),
      authenticator: 'kubernetes-object',
      credential: { subject: username },
      ...{ cluster, namespace, serviceAccount },
      ...(uid !== '' && { serviceAccountUid: uid }),
    });
  }

  async authorize({ facts }: Caller, wanted: string): Promise<Caller> {
    if (facts.credential.subject === undefined || !this.#options.trusted.has(facts)) {
      throw new Refusal('authn.impersonation', "another's identity is not given: it asks for itself alone");
    }
    const { namespace, serviceAccount, trustDomain } = target(wanted);
    if (!this.#options.trustDomains.includes(trustDomain)) {
      throw new Refusal('authn.impersonation', `its trust domain "${trustDomain}" is not one of ours`);
    }
    const { serviceAccountUid: _, ...stays } = facts;
    return mintCaller({
      ...stays,
      identity: parseSpiffeId(wanted),
      ...{ namespace, serviceAccount },
      impersonation: { by: facts },
    });
  }
}

function target(wanted: string) {
  try {
    return parseIstioId(wanted);
  } catch (thrown) {
    if (!(thrown instanceof Refusal)) throw thrown;
    throw new Refusal(
      'authn.impersonation',
      `another's identity is not given: ${thrown.message}`,
      {},
      { cause: thrown },
    );
  }
}
