import { errors, type JWTPayload, type JWTVerifyResult, jwtVerify } from 'jose';
import type { Authenticator, Clock, Evidence } from '#issuance/ports.ts';
import { type Caller, type CredentialFacts, mintCaller } from '#policy/caller.ts';
import { Refusal } from '#refusal/refusal.ts';
import { bearerToken, isCompact, maxTokenLength } from './bearer.ts';
import type { IdentityMapping } from './identity-mapping.ts';
import { KeyRing } from './key-ring.ts';
import type { KeySource } from './key-source.ts';
import { defaultTokenAlgorithms, isTokenAlgorithm, type TokenAlgorithm } from './token-algorithm.ts';

export interface OidcOptions {
  /** Exact `iss`. */
  readonly issuer: string;
  /** A token must be meant for one of these; at least one. */
  readonly audiences: readonly string[];
  /** `array`: as istiod, where a bare string in `aud` is refused; `any` (default): RFC 7519 §4.1.3 allows both. */
  readonly audienceForm?: 'array' | 'any';
  readonly keys: KeySource;
  readonly mapping: IdentityMapping;
  readonly clock: Clock;
  readonly algorithms?: readonly TokenAlgorithm[];
  /** How far the issuer's clock may be off; default 30. */
  readonly clockToleranceSeconds?: number;
}

/** Longest claim that is worth a place in the record. */
const maxFact = 256;
/** Seconds since the epoch at the end of the year 9999; readers with 64-bit clocks wrap far beyond it. */
const maxTime = 253_402_300_799;

/** A JWT of an OpenID Connect issuer as bearer token (contract §2.6). */
export class OidcAuthenticator implements Authenticator {
  readonly name = 'oidc';
  readonly #options: OidcOptions;
  readonly #keys: KeyRing;
  readonly #algorithms: TokenAlgorithm[];
  readonly #audiences: string[];
  readonly #tolerance: number;

  /** Throws on options that nobody could pass, or that would let anybody pass. */
  constructor(options: OidcOptions) {
    if (options.issuer === '') throw new Error('the OIDC issuer is empty');
    if (options.audiences.length === 0) throw new Error(`no audience for the OIDC issuer ${options.issuer}`);
    this.#options = options;
    this.#keys = new KeyRing(options.keys, options.clock);
    this.#algorithms = [...(options.algorithms ?? defaultTokenAlgorithms)];
    if (this.#algorithms.length === 0) throw new Error(`no algorithm for the OIDC issuer ${options.issuer}`);
    this.#audiences = [...options.audiences];
    this.#tolerance = options.clockToleranceSeconds ?? 30;
  }

  async authenticate(evidence: Evidence, signal: AbortSignal): Promise<Caller | undefined> {
    const token = bearerToken(evidence.authorization);
    if (token === undefined) return undefined;
    if (token.length > maxTokenLength) fail(`it is longer than ${maxTokenLength} bytes`);
    if (!isCompact(token)) fail('it is not three parts of base64url with dots between them');
    const { payload, protectedHeader } = await this.#verify(token, signal);
    this.#checkTimes(payload);
    const audience = this.#audienceOf(payload.aud);
    return mintCaller({
      ...this.#options.mapping(payload),
      authenticator: 'oidc',
      credential: factsOf(payload, audience, protectedHeader.kid),
      audiences: audience,
    });
  }

  async #verify(token: string, signal: AbortSignal): Promise<JWTVerifyResult<JWTPayload>> {
    try {
      return await jwtVerify(
        token,
        ({ kid, alg, b64 }) => {
          if (!isTokenAlgorithm(alg)) fail('its alg is not one that is taken');
          if (kid !== undefined && typeof kid !== 'string') fail('its kid is not a string');
          // RFC 7797 §7: no JWT has it; readers differ over one that has it and does not call it critical
          if (b64 !== undefined) fail('it has b64 in its header');
          return this.#keys.key(kid, alg, signal);
        },
        {
          algorithms: this.#algorithms,
          issuer: this.#options.issuer,
          audience: this.#audiences,
          requiredClaims: ['exp', 'sub'],
          clockTolerance: this.#tolerance,
          currentDate: new Date(this.#options.clock.now()),
        },
      );
    } catch (thrown) {
      if (thrown instanceof Refusal) throw thrown;
      // the library's sentences name the claim or the part, never the token
      if (thrown instanceof errors.JOSEError) fail(thrown.message);
      throw new Refusal('authn.failed', 'the bearer token is not taken: it cannot be read', {}, { cause: thrown });
    }
  }

  /** What the library leaves open: a token from the future has a forged or broken clock behind it. */
  #checkTimes({ iat, nbf, exp }: JWTPayload): void {
    const latest = this.#options.clock.now() / 1000 + this.#tolerance;
    for (const time of [iat, nbf, exp]) {
      if (time !== undefined && !(time >= 0 && time <= maxTime)) fail('a time in it is no time of this calendar');
    }
    if (iat !== undefined && iat > latest) fail('its iat is in the future');
  }

  #audienceOf(aud: unknown): readonly string[] {
    if (typeof aud === 'string') {
      if (this.#options.audienceForm === 'array') fail('its aud is a string where a list is asked for');
      return [aud];
    }
    const isText = (each: unknown): each is string => typeof each === 'string';
    return Array.isArray(aud) && aud.every(isText) ? aud : fail('its aud is no list of strings');
  }
}

function factsOf(payload: JWTPayload, audience: readonly string[], kid: string | undefined): CredentialFacts {
  const { iss, sub, jti, exp } = payload;
  const short = (value: unknown): value is string => typeof value === 'string' && value.length <= maxFact;
  return {
    audience: audience.filter(short).slice(0, 8),
    ...(short(iss) && { issuer: iss }),
    ...(short(sub) && { subject: sub }),
    ...(short(jti) && { jti }),
    ...(exp !== undefined && { expires: Math.floor(exp) }),
    ...(short(kid) && { kid }),
  };
}

function fail(why: string): never {
  throw new Refusal('authn.failed', `the bearer token is not taken: ${why}`);
}
