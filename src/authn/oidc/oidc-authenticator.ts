import type { Authenticator, Evidence } from '#issuance/ports.ts';
import { type Caller, mintCaller } from '#policy/caller.ts';
import { bearerToken } from './bearer.ts';
import type { IdentityMapping } from './identity-mapping.ts';
import { TokenCheck, type TokenCheckOptions } from './token-check.ts';

export interface OidcOptions extends TokenCheckOptions {
  readonly mapping: IdentityMapping;
}

/** A JWT of an OpenID Connect issuer as bearer token (contract §2.6). */
export class OidcAuthenticator implements Authenticator {
  readonly name = 'oidc';
  readonly #tokens: TokenCheck;
  readonly #mapping: IdentityMapping;

  /** Throws on options that nobody could pass, or that would let anybody pass. */
  constructor({ mapping, ...options }: OidcOptions) {
    this.#tokens = new TokenCheck(options);
    this.#mapping = mapping;
  }

  async authenticate(evidence: Evidence, signal: AbortSignal): Promise<Caller | undefined> {
    const token = bearerToken(evidence.authorization);
    if (token === undefined) return undefined;
    const { claims, credential, audience } = await this.#tokens.check(token, signal);
    return mintCaller({ ...this.#mapping(claims), authenticator: 'oidc', credential, audiences: audience });
  }
}
