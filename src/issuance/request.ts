import type { DoorName } from '#policy/permit.ts';
import type { Refusal } from '#refusal/refusal.ts';
import type { Evidence } from './ports.ts';

/** What a caller would like; policy decides what of it it gets. */
export interface Wish {
  /** Seconds asked for, exactly as received; 0 or negative means "the default". */
  readonly ttl: bigint;
  /** Seconds that the door gives at most, whatever a policy allows; absent, policy decides alone. */
  readonly ttlAtMost?: number;
  /** Seconds from notBefore to notAfter that an API takes at all; `ttl` counts from now instead. */
  readonly span?: { readonly least: number; readonly most: number };
  /** Name of an issuer profile (Istio's `CertSigner`); absent means the default. */
  readonly signer?: string;
  /** SPIFFE ID to be issued in the caller's stead (ztunnel); absent means the caller's own. */
  readonly impersonate?: string;
  /**
   * `ignore`: the CSR's names say nothing, the caller's identity decides (istiod).
   * `exact`: the CSR must name exactly the caller's identity and nothing else (istio-csr).
   * `none`: the CSR carries a key and no name at all (PodCertificateRequest).
   */
  readonly csrNames: 'ignore' | 'exact' | 'none';
  /** What a lifetime over the maximum gets where the policy does not say: `reject` (istiod) or `clamp` (istio-csr). */
  readonly ttlAbove: 'clamp' | 'reject';
}

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
  /** PEM PKCS#10 as received. */
  readonly csr: string;
  readonly wish: Wish;
}

export interface IssuanceRequest extends Attempt, Asked {}

/** The one sequence, as doors see it. */
export interface Issuance {
  /** Rejects with a Refusal that is already on the record. */
  issue(request: IssuanceRequest, signal: AbortSignal): Promise<Issued>;
  /**
   * Puts on the record what a door turned away before it became a request. Resolves with the refusal to give: the
   * same one, or that the log cannot be written. Never rejects.
   */
  refuse(attempt: Attempt, refusal: Refusal): Promise<Refusal>;
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
