import type { Caller } from '#policy/caller.ts';
import { decide } from '#policy/decide.ts';
import { isNamed, kindOf, type Wish } from '#policy/question.ts';
import type { PolicySet } from '#policy/set.ts';
import { asRefusal, Refusal } from '#refusal/refusal.ts';
import type { TrustDomain } from '#spiffe/spiffe-id.ts';
import { type CsrChecks, VerifiedCsr } from '#x509/csr/verified-csr.ts';
import { toPem } from '#x509/pem.ts';
import { Draft } from './draft.ts';
import type { Gate } from './fairness/gate.ts';
import { abortRefusal, Flight, unlessAborted } from './flight.ts';
import type { Issuers } from './live-issuer.ts';
import type { Made } from './made.ts';
import type { IssuanceObserver } from './observer.ts';
import type { HeldCertificate } from './outside/held-certificate.ts';
import { Order } from './outside/order.ts';
import type { AuditLog, Authenticator, Clock, Impersonation } from './ports.ts';
import type { Recorder } from './record.ts';
import { type Attempt, type Issuance, type IssuanceRequest, type Issued, mintIssued } from './request.ts';

export interface SequenceParts {
  readonly authenticator: Pick<Authenticator, 'authenticate'>;
  /** Absent: nobody is issued another's identity. */
  readonly impersonation?: Impersonation;
  readonly gate: Gate;
  readonly csrChecks: CsrChecks;
  readonly policies: () => PolicySet;
  readonly trustDomains: { readonly primary: TrustDomain; readonly aliases: readonly TrustDomain[] };
  readonly issuers: Issuers;
  readonly serials: () => Uint8Array;
  readonly log: AuditLog;
  readonly recorder: Recorder;
  readonly observer: IssuanceObserver;
  readonly clock: Clock;
  /** How far the clock may be behind the newest record before issuance pauses, ms. */
  readonly allowedSkewMs: number;
}

/**
 * The way of a request: prove, take a place, read, decide, draft, lint, sign, record, release. The only place that issues
 * leaves. Under an outside issuer drafting and signing are its steps, and what it made is held against the permit instead.
 */
export class IssuanceSequence implements Issuance {
  readonly #parts: SequenceParts;
  /** Requests whose caller is proven and whose record is about to come. */
  #making = 0;

  constructor(parts: SequenceParts) {
    this.#parts = parts;
  }

  async issue(
    request: IssuanceRequest,
    signal: AbortSignal,
    late?: (outcome: Promise<Issued>) => void,
  ): Promise<Issued> {
    const flight = new Flight(request, request, this.#parts.clock.now());
    const made = this.#run(flight, request, signal);
    try {
      const issued = await unlessAborted(made, signal);
      this.#observe(flight, undefined);
      return issued;
    } catch (thrown) {
      const refusal = await this.#record(flight, asRefusal(thrown));
      if (flight.isRecording) late?.(made);
      this.#observe(flight, refusal);
      throw refusal;
    }
  }

  async refuse(attempt: Attempt, refusal: Refusal): Promise<Refusal> {
    const flight = new Flight(attempt, undefined, this.#parts.clock.now());
    const given = await this.#record(flight, refusal);
    this.#observe(flight, given);
    return given;
  }

  async #run(flight: Flight, request: IssuanceRequest, signal: AbortSignal): Promise<Issued> {
    const caller = await this.#prove(flight, request, signal);
    const place = this.#parts.gate.enter(caller);
    try {
      const made = await this.#announce(() => this.#make(flight, request, caller, signal));
      const leafIndex = await this.#append(flight, made, signal);
      const issued = release(flight, made, leafIndex);
      place.issued(made.way === 'sign' ? made.permit.terms : made.held.leaf);
      return issued;
    } catch (thrown) {
      const refusal = asRefusal(thrown);
      place.failed(refusal);
      throw refusal;
    }
  }

  /** While `work` runs the log knows that one more record is about to come. */
  async #announce<T>(work: () => Promise<T>): Promise<T> {
    this.#making++;
    try {
      return await work();
    } finally {
      this.#making--;
    }
  }

  async #prove(flight: Flight, request: IssuanceRequest, signal: AbortSignal): Promise<Caller> {
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

  async #make(
    flight: Flight,
    { csr: pem, proof, door, wish }: IssuanceRequest,
    caller: Caller,
    signal: AbortSignal,
  ): Promise<Made> {
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

    if (issuer.way === 'relay') {
      const held = await this.#order(flight, Order.of(permit, csr, pem, issuer), serial, signal);
      return { way: 'relay', held, issuer, permit };
    }

    flight.begin();
    const draft = Draft.of(permit, csr, issuer, serial);
    draft.lint();
    flight.end('lint');

    flight.begin();
    const certificate = await draft.sign();
    flight.end('sign');
    return { way: 'sign', certificate, draft, issuer, permit };
  }

  /** The exchanged step. `lint`: the request, before it leaves us. `sign`: out there, and what came back held against the permit. */
  async #order(flight: Flight, order: Order, drawn: Uint8Array, signal: AbortSignal): Promise<HeldCertificate> {
    flight.outside = { drawn };
    flight.begin();
    order.lint();
    flight.end('lint');

    flight.begin();
    const { clock, csrChecks } = this.#parts;
    // Nobody's record waits for company that an issuer somewhere may never send.
    this.#making--;
    try {
      return await order.place(flight.outside, { clock, keyStrength: csrChecks.keyStrength }, signal);
    } finally {
      this.#making++;
      flight.end('sign');
    }
  }

  async #append(flight: Flight, made: Made, signal: AbortSignal): Promise<number> {
    // Past this line the record says "issued": a crash before the append resolves leaves a certificate nobody holds.
    if (!flight.claimEnd()) throw abortRefusal(signal);
    flight.begin();
    const { recorder } = this.#parts;
    const event =
      made.way === 'sign'
        ? recorder.issued(flight, made.issuer, made.draft, made.certificate)
        : recorder.relayed(flight, made.issuer, made.held);
    flight.isRecording = true;
    const leafIndex = await this.#parts.log
      .append(event, this.#making)
      .catch((thrown: unknown) => this.#notIssued(flight, asRefusal(thrown)));
    flight.leafIndex = leafIndex;
    flight.end('append');
    return leafIndex;
  }

  /** A log too full to take "issued" has not got it: the end of this request is then that it failed. */
  async #notIssued(flight: Flight, refusal: Refusal): Promise<never> {
    flight.isRecording = false;
    if (refusal.code === 'overload') {
      await this.#parts.log.append(this.#parts.recorder.refused(flight, refusal)).catch(() => undefined);
    }
    throw refusal;
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

  /** The refusal to give: the one that happened, once it is on the record; else that the log cannot be written. */
  async #record(flight: Flight, refusal: Refusal): Promise<Refusal> {
    if (!flight.claimEnd()) return refusal;
    const event = this.#parts.recorder.refused(flight, refusal);
    try {
      flight.leafIndex = await this.#parts.log.append(event);
      return refusal;
    } catch (thrown) {
      return asRefusal(thrown);
    }
  }

  #observe(flight: Flight, refusal: Refusal | undefined): void {
    this.#parts.observer.ended(flight.attempt, {
      startedAt: flight.startedAt,
      totalMs: flight.totalMs,
      stageMs: flight.stageMs,
      ...(refusal && { refusal }),
      ...(flight.caller && { identity: flight.caller.identity }),
      ...(flight.serial && { serial: flight.serial }),
      ...(flight.permit && { policy: flight.permit.terms.policy }),
      ...(flight.leafIndex !== undefined && { leafIndex: flight.leafIndex }),
    });
  }
}

function release({ serial = '' }: Flight, made: Made, leafIndex: number): Issued {
  const isOurs = made.way === 'sign';
  return mintIssued({
    leaf: toPem('CERTIFICATE', isOurs ? made.certificate : made.held.leaf.der),
    intermediates: isOurs ? made.issuer.intermediates : made.held.intermediates,
    roots: made.issuer.roots,
    leafIndex,
    serial,
    notAfter: isOurs ? made.permit.terms.notAfter : made.held.leaf.notAfter,
  });
}

/** Whatever the door's dialect: the names of a CSR that is passed on are those of the certificate. */
const exactly = (wish: Wish): Wish => (isNamed(wish) ? wish : { ...wish, csrNames: 'exact' });
