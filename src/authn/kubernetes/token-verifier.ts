import { compactVerify, errors } from 'jose';
import type { Clock } from '#issuance/ports.ts';
import { Refusal } from '#refusal/refusal.ts';
import type { KeyRing } from '../oidc/key-ring.ts';
import type { TokenAlgorithm } from '../oidc/token-algorithm.ts';
import type { ApiServerKeys } from './api-server-keys.ts';
import type { Doubt } from './observer.ts';
import { refuseToken } from './proven-token.ts';
import {
  type DecodedToken,
  decodeToken,
  readClaims,
  speaksOfServiceAccount,
  type TokenClaims,
} from './token-claims.ts';
import { checkBinding, checkTimes, ownAudiences, type TokenRules } from './token-rules.ts';

export interface TokenVerifierOptions {
  readonly keys: KeyRing;
  readonly source: Pick<ApiServerKeys, 'issuers'>;
  readonly rules: TokenRules;
  readonly clock: Clock;
}

/** Signed by the API server, meant for us, and in time. Whether its pod still lives is another question. */
export interface VerifiedToken {
  readonly claims: TokenClaims;
  readonly kid: unknown;
  readonly audiences: readonly string[];
}

/** What Kubernetes signs service-account tokens with, its own keys and external signers (contract §5.1). */
const algorithms: readonly TokenAlgorithm[] = ['RS256', 'ES256', 'ES384', 'ES512'];

/** All of a token that can be judged without looking at the cluster's objects. */
export class TokenVerifier {
  readonly #options: TokenVerifierOptions;

  constructor(options: TokenVerifierOptions) {
    this.#options = options;
  }

  /** Throws Refusal `authn.failed`; a Doubt says why this cannot be judged here. */
  async verify(token: string, signal: AbortSignal): Promise<VerifiedToken | Doubt> {
    const { source, rules, clock } = this.#options;
    const decoded = decodeToken(token);
    if (decoded === undefined || !speaksOfServiceAccount(decoded)) return 'foreign-token';
    if (source.issuers.length === 0) return 'keys-unavailable';
    if (!source.issuers.some((each) => each === decoded.payload.iss)) return 'foreign-token';
    // what a token says against itself needs no proof, and no key
    const claims = readClaims(decoded);
    checkTimes(claims, clock.now());
    const audiences = ownAudiences(claims.audiences, rules);
    checkBinding(claims, rules);
    const key = await this.#keyFor(decoded, signal);
    if (typeof key === 'string') return key;
    await verifySignature(token, key);
    return { claims, kid: decoded.header.kid, audiences };
  }

  async #keyFor({ header }: DecodedToken, signal: AbortSignal) {
    const { kid, alg } = header;
    const algorithm = algorithms.find((each) => each === alg) ?? refuseToken('its alg is not one that Kubernetes uses');
    if (kid !== undefined && typeof kid !== 'string') refuseToken('its kid is not a text');
    try {
      const key = await this.#options.keys.find(kid, algorithm, signal);
      return key === undefined || key === 'ambiguous' ? 'unknown-key' : key;
    } catch (thrown) {
      if (thrown instanceof Refusal && thrown.code === 'authn.unavailable') return 'keys-unavailable';
      throw thrown;
    }
  }
}

async function verifySignature(token: string, key: CryptoKey): Promise<void> {
  try {
    await compactVerify(token, key, { algorithms: [...algorithms] });
  } catch (thrown) {
    // the library's sentences name the part, never the token
    if (thrown instanceof errors.JOSEError) refuseToken(thrown.message);
    throw new Refusal('authn.failed', 'the service-account token cannot be verified', {}, { cause: thrown });
  }
}
