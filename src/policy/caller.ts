import type { SpiffeId } from '#spiffe/spiffe-id.ts';

/** Names of the ways a caller can prove itself; part of policy (`match.authenticators`) and of the record. */
export type AuthenticatorName = 'client-cert' | 'oidc' | 'k8s-token' | 'xfcc' | 'kubernetes-object';

/** What a bearer credential said of itself. Never the credential, and no hash of it. */
export interface CredentialFacts {
  readonly issuer?: string;
  readonly audience?: readonly string[];
  readonly subject?: string;
  readonly jti?: string;
  /** Seconds since the epoch. */
  readonly expires?: number;
  readonly kid?: string;
  /** SHA-256, hex, of a client certificate's DER. */
  readonly certificateSha256?: string;
}

export interface CallerFacts {
  /** The identity that a leaf would carry. */
  readonly identity: SpiffeId;
  readonly authenticator: AuthenticatorName;
  readonly credential: CredentialFacts;
  readonly cluster?: string;
  readonly namespace?: string;
  readonly serviceAccount?: string;
  readonly serviceAccountUid?: string;
  readonly pod?: { readonly name: string; readonly uid: string };
  readonly node?: string;
  readonly nodeUid?: string;
  readonly audiences?: readonly string[];
  /** Who made the object that asks, in the words of Kubernetes. */
  readonly user?: UserFacts;
  /** The issuer that the object names: `clusterissuers/NAME` or `issuers/NAMESPACE/NAME`. */
  readonly issuerRef?: string;
  /** There when the identity, its namespace and service account are another's; pod, node and credential are the asker's own. */
  readonly impersonation?: ImpersonationFacts;
}

export interface UserFacts {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
}

/** Who was let act for another. */
export interface ImpersonationFacts {
  readonly by: CallerFacts;
  /** The pod that runs as the identity on the asker's node, where there is just one. */
  readonly pod?: { readonly name: string; readonly uid: string };
}

let mint: (facts: CallerFacts) => Caller;

/** Someone whose proof was checked. Only `authn/` may import `mintCaller`; the import rules hold that. */
export class Caller {
  readonly #proven = true;
  readonly facts: CallerFacts;

  private constructor(facts: CallerFacts) {
    this.facts = facts;
  }

  get identity(): SpiffeId {
    return this.facts.identity;
  }

  /** True for a real Caller only: a private field cannot be forged by a cast or a literal. */
  static isProven(value: unknown): value is Caller {
    return typeof value === 'object' && value !== null && #proven in value && value.#proven;
  }

  static {
    mint = (facts) => new Caller(Object.freeze({ ...facts }));
  }
}

export function mintCaller(facts: CallerFacts): Caller {
  return mint(facts);
}
