import type { Authenticator, Evidence } from '#issuance/ports.ts';
import type { Caller } from '#policy/caller.ts';
import { asRefusal, Refusal } from '#refusal/refusal.ts';

/**
 * Authenticators in order: the first that yields a Caller wins, and the others are not asked. When none does, the
 * caller learns nothing but that; the reasons stand joined with "; " in the refusal, for the log.
 */
export class AuthenticatorChain {
  readonly #authenticators: readonly Authenticator[];

  /** Throws when there is none: a CA that cannot tell who asks must not start. */
  constructor(authenticators: readonly Authenticator[]) {
    if (authenticators.length === 0) {
      throw new Error('no authenticator is configured: nobody could prove who they are, so the server does not start');
    }
    this.#authenticators = authenticators;
  }

  async authenticate(evidence: Evidence, signal: AbortSignal): Promise<Caller> {
    const refusals: Refusal[] = [];
    const reasons: string[] = [];
    for (const authenticator of this.#authenticators) {
      try {
        const caller = await authenticator.authenticate(evidence, signal);
        if (caller !== undefined) return caller;
        reasons.push(`${authenticator.name}: nothing presented`);
      } catch (thrown) {
        const refusal = ownRefusal(thrown, authenticator);
        refusals.push(refusal);
        reasons.push(`${authenticator.name}: ${refusal.message}`);
      }
    }
    throw new Refusal(verdict(refusals), reasons.join('; '));
  }
}

/** A caller whose proof could not be looked at must come again; only where all looked and none was convinced is it over. */
function verdict(refusals: readonly Refusal[]): 'authn.unavailable' | 'authn.failed' {
  return refusals.some((each) => each.code === 'authn.unavailable') ? 'authn.unavailable' : 'authn.failed';
}

/** Cancellation and deadline end the chain; a fault of our own must not pass for a bad credential. */
function ownRefusal(thrown: unknown, authenticator: Authenticator): Refusal {
  const refusal = asRefusal(thrown);
  if (refusal.code === 'authn.failed' || refusal.code === 'authn.unavailable') return refusal;
  if (refusal.code !== 'internal') throw refusal;
  throw new Refusal('internal', `the authenticator ${authenticator.name} broke`, {}, { cause: thrown });
}
