import type { DoorName } from '#policy/permit.ts';
import type { Wish } from '#policy/question.ts';
import type { Refusal } from '#refusal/refusal.ts';
import type { KeyProof } from '#x509/csr/proven-key.ts';
import type { Evidence } from './ports.ts';

/** Somebody at a door, before it is known what they ask. */
export interface Attempt {
  /** Our own id for this request: in the log, the record and the trace. */
  readonly id: string;
  readonly door: DoorName;
  readonly evidence: Evidence;
  /** W3C traceparent, if the client sent one. */
  readonly traceparent?: string;
}

export interface Asked {
  /** PEM PKCS#10 as received; empty where there is a `proof` instead. */
  readonly csr: string;
  /** Of a key alone, by an API that knew no request around it. */
  readonly proof?: KeyProof;
  readonly wish: Wish;
}

export interface IssuanceRequest extends Attempt, Asked {}

/** The one sequence, as doors see it. */
export interface Issuance {
  /**
   * Rejects with a Refusal that is already on the record. Only where `signal` comes while "issued" is being written the
   * record may say that all the same: then `late` is given what becomes of it, before this rejects.
   */
  issue(request: IssuanceRequest, signal: AbortSignal, late?: (outcome: Promise<Issued>) => void): Promise<Issued>;
  /**
   * Puts on the record what a door turned away before it became a request. Resolves with the refusal to give: the
   * same one, or that the log cannot be written. Never rejects.
   */
  refuse(attempt: Attempt, refusal: Refusal): Promise<Refusal>;
}

/** Whether a request would be given: the step before issuance where an API has one. */
export interface Approval {
  /**
   * Decides as `issue` does, and makes nothing. Resolves once that is on the record; rejects with a Refusal that is already
   * there. `known`: of the same request, and not put there again where it is still so.
   */
  approve(request: IssuanceRequest, signal: AbortSignal, known?: Approved): Promise<Approved>;
}

export interface ApprovedFacts {
  /** Name of the policy that permits it. */
  readonly policy: string;
  readonly priority: number;
  readonly policySetId: string;
}

let mintApproval: (facts: ApprovedFacts) => Approved;

/** Leave that is on the record to say that policy permits a request. Only the sequence may import `mintApproved`. */
export class Approved {
  readonly #recorded = true;
  readonly facts: ApprovedFacts;

  private constructor(facts: ApprovedFacts) {
    this.facts = facts;
  }

  static isRecorded(value: unknown): value is Approved {
    return typeof value === 'object' && value !== null && #recorded in value && value.#recorded;
  }

  static {
    mintApproval = (facts) => new Approved(facts);
  }
}

export function mintApproved(facts: ApprovedFacts): Approved {
  return mintApproval(facts);
}

export interface IssuedFacts {
  /** PEM, each ending in a newline. */
  readonly leaf: string;
  /** One PEM per certificate, leaf's issuer first, root excluded. */
  readonly intermediates: readonly string[];
  /** Every live root in one byte-stable PEM bundle. */
  readonly roots: string;
  readonly leafIndex: number;
  readonly serial: string;
  readonly notAfter: number;
}

let mint: (facts: IssuedFacts) => Issued;

/** A certificate that is on the record and may be released. Only the sequence may import `mintIssued`. */
export class Issued {
  readonly #recorded = true;
  readonly facts: IssuedFacts;

  private constructor(facts: IssuedFacts) {
    this.facts = facts;
  }

  static isRecorded(value: unknown): value is Issued {
    return typeof value === 'object' && value !== null && #recorded in value && value.#recorded;
  }

  static {
    mint = (facts) => new Issued(facts);
  }
}

export function mintIssued(facts: IssuedFacts): Issued {
  return mint(facts);
}
