import { errors, type JWTPayload, type JWTVerifyResult, jwtVerify } from 'jose';
import type { Clock } from '#issuance/ports.ts';
import type { CredentialFacts } from '#policy/caller.ts';
import { Refusal } from '#refusal/refusal.ts';
import { isCompact, maxTokenLength } from './bearer.ts';
import { KeyRing } from './key-ring.ts';
import type { KeySource } from './key-source.ts';
import { defaultTokenAlgorithms, isTokenAlgorithm, type TokenAlgorithm } from './token-algorithm.ts';

export interface TokenCheckOptions {
  /** Exact `iss`. */
  readonly issuer: string;
  /** A token must be meant for one of these; at least one. */
  readonly audiences: readonly string[];
  /** `array`: as istiod, where a bare string in `aud` is refused; `any` (default): RFC 7519 §4.1.3 allows both. */
  readonly audienceForm?: 'array' | 'any';
  readonly keys: KeySource;
  readonly clock: Clock;
  readonly algorithms?: readonly TokenAlgorithm[];
  /** How far the issuer's clock may be off; default 30. */
  readonly clockToleranceSeconds?: number;
}

/** Longest claim that is worth a place in the record. */
const maxFact = 256;
/** Seconds since the epoch at the end of the year 9999; readers with 64-bit clocks wrap far beyond it. */
const maxTime = 253_402_300_799;

/** What a token said that was checked. */
export interface CheckedToken {
  readonly claims: Readonly<Record<string, unknown>>;
  readonly credential: CredentialFacts;
  readonly audience: readonly string[];
  /** Seconds since the epoch. */
  readonly expires: number;
}

/** Whether a JWT of one OpenID Connect issuer holds (contract §2.6). */
export class TokenCheck {
  readonly #options: TokenCheckOptions;
  readonly #keys: KeyRing;
  readonly #algorithms: TokenAlgorithm[];
  readonly #audiences: string[];
  readonly #tolerance: number;

  /** Throws on options that nobody could pass, or that would let anybody pass. */
  constructor(options: TokenCheckOptions) {
    if (options.issuer === '') throw new Error('the OIDC issuer is empty');
    if (options.audiences.length === 0) throw new Error(`no audience for the OIDC issuer ${options.issuer}`);
    this.#options = options;
    this.#keys = new KeyRing(options.keys, options.clock);
    this.#algorithms = [...(options.algorithms ?? defaultTokenAlgorithms)];
    if (this.#algorithms.length === 0) throw new Error(`no algorithm for the OIDC issuer ${options.issuer}`);
    this.#audiences = [...options.audiences];
    this.#tolerance = options.clockToleranceSeconds ?? 30;
  }

  /** Throws Refusal `authn.failed`, or `authn.unavailable` where the issuer's keys cannot be had. */
  async check(token: string, signal: AbortSignal): Promise<CheckedToken> {
    if (token.length > maxTokenLength) fail(`it is longer than ${maxTokenLength} bytes`);
    if (!isCompact(token)) fail('it is not three parts of base64url with dots between them');
    const { payload, protectedHeader } = await this.#verify(token, signal);
    this.#checkTimes(payload);
    const audience = this.#audienceOf(payload.aud);
    const credential = factsOf(payload, audience, protectedHeader.kid);
    return { claims: payload, credential, audience, expires: Math.floor(payload.exp ?? 0) };
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
