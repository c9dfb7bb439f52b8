import type { Caller } from '#policy/caller.ts';
import { decide } from '#policy/decide.ts';
import type { Permit } from '#policy/permit.ts';
import { isNamed, kindOf, type Wish } from '#policy/question.ts';
import type { PolicySet } from '#policy/set.ts';
import { Refusal } from '#refusal/refusal.ts';
import type { TrustDomain } from '#spiffe/spiffe-id.ts';
import { type CsrChecks, VerifiedCsr } from '#x509/csr/verified-csr.ts';
import { abortRefusal, type Flight } from './flight.ts';
import type { Issuers, LiveIssuer } from './live-issuer.ts';
import type { AuditLog, Authenticator, Clock, Impersonation } from './ports.ts';
import type { IssuanceRequest } from './request.ts';

export interface ExaminationParts {
  readonly authenticator: Pick<Authenticator, 'authenticate'>;
  /** Absent: nobody is issued another's identity. */
  readonly impersonation?: Impersonation;
  readonly csrChecks: CsrChecks;
  readonly policies: () => PolicySet;
  readonly trustDomains: { readonly primary: TrustDomain; readonly aliases: readonly TrustDomain[] };
  readonly issuers: Issuers;
  readonly serials: () => Uint8Array;
  readonly log: Pick<AuditLog, 'newestTime'>;
  readonly clock: Clock;
  /** How far the clock may be behind the newest record before issuance pauses, ms. */
  readonly allowedSkewMs: number;
  /** Why nothing is issued at present, whoever asks; absent: never. */
  readonly pause?: () => string | undefined;
}

/** A permit, and what it was decided by. */
export interface Permitted {
  readonly csr: VerifiedCsr;
  readonly issuer: LiveIssuer;
  readonly serial: Uint8Array;
  readonly permit: Permit;
}

/** Who asks, and whether policy permits it: what issuing and approving have in common. */
export class Examination {
  readonly #parts: ExaminationParts;

  constructor(parts: ExaminationParts) {
    this.#parts = parts;
  }

  async prove(flight: Flight, request: IssuanceRequest, signal: AbortSignal): Promise<Caller> {
    flight.begin();
    const caller = await this.#parts.authenticator.authenticate(request.evidence, signal);
    if (caller === undefined) throw new Refusal('authn.failed', 'no authenticator recognised the credentials');
    flight.caller = caller;
    const { impersonate = '' } = isNamed(request.wish) ? {} : request.wish;
    if (impersonate !== '') flight.caller = await this.#impersonate(caller, impersonate);
    flight.end('authn');
    return flight.caller;
  }

  /** From here on the decision, the limits and the certificate are about the identity that was asked for. */
  async #impersonate(caller: Caller, wanted: string): Promise<Caller> {
    const { impersonation } = this.#parts;
    if (impersonation === undefined) {
      throw new Refusal('authn.impersonation', "no accounts are trusted to ask for another's identity");
    }
    return await impersonation.authorize(caller, wanted);
  }

  async permit(
    flight: Flight,
    { csr: pem, proof, door, wish }: IssuanceRequest,
    caller: Caller,
    signal: AbortSignal,
  ): Promise<Permitted> {
    const parts = this.#parts;

    flight.begin();
    const csr =
      proof === undefined
        ? await VerifiedCsr.read(pem, parts.csrChecks, { kind: kindOf(wish) })
        : await VerifiedCsr.ofKey(proof, parts.csrChecks);
    flight.csr = csr;
    flight.end('csr');
    if (signal.aborted) throw abortRefusal(signal);

    flight.begin();
    const now = parts.clock.now();
    this.#refuseWhenClockIsBehind(now);
    this.#refuseWhilePaused();
    const issuer = parts.issuers.get(wish.signer);
    const serial = parts.serials();
    const circumstances = {
      door,
      wish: issuer.way === 'sign' ? wish : exactly(wish),
      trustDomains: parts.trustDomains,
      issuer: issuer.facts,
      now,
      serial,
    };
    const permit = decide(caller, csr, circumstances, parts.policies());
    if (permit instanceof Refusal) throw permit;
    flight.permit = permit;
    flight.end('policy');
    return { csr, issuer, serial, permit };
  }

  #refuseWhilePaused(): void {
    const why = this.#parts.pause?.();
    if (why !== undefined) throw new Refusal('log.unavailable', why);
  }

  /** Serial and log order hold under a clock set back; lifetimes would not, so issuance waits for the clock. */
  #refuseWhenClockIsBehind(now: number): void {
    const behind = this.#parts.log.newestTime - now;
    if (behind <= this.#parts.allowedSkewMs) return;
    throw new Refusal(
      'clock.behind',
      `this server's clock is ${Math.round(behind / 1000)} s behind the newest record of its log; issuance resumes once it has caught up`,
      { behindMs: behind },
    );
  }
}

/** Whatever the door's dialect: the names of a CSR that is passed on are those of the certificate. */
const exactly = (wish: Wish): Wish => (isNamed(wish) ? wish : { ...wish, csrNames: 'exact' });
