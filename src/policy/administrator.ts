import type { AuthenticatorName, CredentialFacts } from './caller.ts';
import type { Role } from './role.ts';

export interface AdministratorFacts {
  /** As the record names them: a SPIFFE ID or the subject of a certificate, or the `sub` of a token. */
  readonly user: string;
  readonly method: Extract<AuthenticatorName, 'client-cert' | 'oidc'>;
  readonly credential: CredentialFacts;
  /** There when the token says that more than one factor was asked for (RFC 8176 `mfa`). */
  readonly mfa?: true;
  /** May be empty: proven, and allowed nothing. */
  readonly roles: readonly Role[];
  /** Seconds since the epoch: from when on the proof is none any more. */
  readonly expires: number;
}

let mint: (facts: AdministratorFacts) => Administrator;

/** Somebody at the admin API whose proof was checked. Only `authn/` may import `mintAdministrator`. */
export class Administrator {
  readonly #facts: AdministratorFacts;

  private constructor(facts: AdministratorFacts) {
    this.#facts = facts;
  }

  get facts(): AdministratorFacts {
    return this.#facts;
  }

  has(role: Role): boolean {
    return this.#facts.roles.includes(role);
  }

  static {
    mint = (facts) => new Administrator(Object.freeze({ ...facts }));
  }
}

export function mintAdministrator(facts: AdministratorFacts): Administrator {
  return mint(facts);
}
