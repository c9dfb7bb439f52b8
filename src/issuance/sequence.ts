import type { AuditEvent } from '#audit/event.ts';
import type { Caller } from '#policy/caller.ts';
import { asRefusal, type Refusal } from '#refusal/refusal.ts';
import { toPem } from '#x509/pem.ts';
import { Draft } from './draft.ts';
import { Examination, type ExaminationParts } from './examination.ts';
import { ForwardTime } from './fairness/forward-time.ts';
import type { Gate } from './fairness/gate.ts';
import { PolicyPaces } from './fairness/policy-paces.ts';
import { abortRefusal, Flight, unlessAborted } from './flight.ts';
import type { Made } from './made.ts';
import type { IssuanceObserver } from './observer.ts';
import type { HeldCertificate } from './outside/held-certificate.ts';
import { Order } from './outside/order.ts';
import type { AuditLog } from './ports.ts';
import type { Recorder } from './record.ts';
import {
  type Approval,
  type Approved,
  type Attempt,
  type Issuance,
  type IssuanceRequest,
  type Issued,
  mintApproved,
  mintIssued,
} from './request.ts';

export interface SequenceParts extends ExaminationParts {
  readonly gate: Gate;
  readonly log: AuditLog;
  readonly recorder: Recorder;
  readonly observer: IssuanceObserver;
}

/**
 * The way of a request: prove, take a place, read, decide, draft, lint, sign, record, release. The only place that issues
 * leaves. Under an outside issuer drafting and signing are its steps, and what it made is held against the permit instead.
 * An approval goes that way as far as the permit.
 */
export class IssuanceSequence implements Issuance, Approval {
  readonly #parts: SequenceParts;
  readonly #examination: Examination;
  readonly #time: ForwardTime;
  readonly #paces = new PolicyPaces();
  /** Requests whose caller is proven and whose record is about to come. */
  #making = 0;

  constructor(parts: SequenceParts) {
    this.#parts = parts;
    this.#time = new ForwardTime(parts.clock);
    this.#examination = new Examination(parts);
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
      const refusal = await this.#refused(flight, thrown);
      if (flight.isRecording) late?.(made);
      throw refusal;
    }
  }

  async approve(request: IssuanceRequest, signal: AbortSignal, known?: Approved): Promise<Approved> {
    const flight = new Flight(request, request, this.#parts.clock.now());
    try {
      return await unlessAborted(this.#consider(flight, request, signal, known), signal);
    } catch (thrown) {
      throw await this.#refused(flight, thrown);
    }
  }

  async refuse(attempt: Attempt, refusal: Refusal): Promise<Refusal> {
    const flight = new Flight(attempt, undefined, this.#parts.clock.now());
    return await this.#refused(flight, refusal);
  }

  async #run(flight: Flight, request: IssuanceRequest, signal: AbortSignal): Promise<Issued> {
    const caller = await this.#examination.prove(flight, request, signal);
    const place = this.#parts.gate.enter(caller);
    try {
      const made = await this.#announce(() => this.#make(flight, request, caller, signal));
      const leafIndex = await this.#append(flight, made, signal);
      const issued = release(flight, made, leafIndex);
      place.issued(made.way === 'sign' ? made.permit.terms : made.held.leaf);
      return issued;
    } catch (thrown) {
      const refusal = asRefusal(thrown);
      flight.paid?.refund();
      place.failed(refusal);
      throw refusal;
    }
  }

  async #consider(
    flight: Flight,
    request: IssuanceRequest,
    signal: AbortSignal,
    known: Approved | undefined,
  ): Promise<Approved> {
    const caller = await this.#examination.prove(flight, request, signal);
    const place = this.#parts.gate.enter(caller);
    try {
      const { terms } = (await this.#examination.permit(flight, request, caller, signal)).permit;
      const { policy, priority, policySetId } = terms;
      const isKnown = known?.facts.policySetId === policySetId && known.facts.policy === policy;
      if (!isKnown) await this.#append(flight, undefined, signal);
      place.returned();
      return isKnown ? known : mintApproved({ policy, priority, policySetId });
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

  async #make(flight: Flight, request: IssuanceRequest, caller: Caller, signal: AbortSignal): Promise<Made> {
    const { csr, issuer, serial, permit } = await this.#examination.permit(flight, request, caller, signal);
    flight.paid = this.#paces.charge(permit.terms, this.#time.now());

    if (issuer.way === 'relay') {
      const held = await this.#order(flight, Order.of(permit, csr, request.csr, issuer), serial, signal);
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

  /** Of what was made, or that it was approved. */
  async #append(flight: Flight, made: Made | undefined, signal: AbortSignal): Promise<number> {
    // Past this line the record says "issued": a crash before the append resolves leaves a certificate nobody holds.
    if (!flight.claimEnd()) throw abortRefusal(signal);
    flight.begin();
    const event = recordOf(flight, made, this.#parts.recorder);
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

  async #refused(flight: Flight, thrown: unknown): Promise<Refusal> {
    const refusal = await this.#record(flight, asRefusal(thrown));
    this.#observe(flight, refusal);
    return refusal;
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

function recordOf(flight: Flight, made: Made | undefined, recorder: Recorder): AuditEvent {
  if (made === undefined) return recorder.approved(flight);
  return made.way === 'sign'
    ? recorder.issued(flight, made.issuer, made.draft, made.certificate)
    : recorder.relayed(flight, made.issuer, made.held);
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
