import type { DoorName } from '#policy/permit.ts';
import type { Evidence } from './ports.ts';

/** What a caller would like; policy decides what of it it gets. */
export interface Wish {
  /** Seconds asked for, exactly as received; 0 or negative means "the default". */
  readonly ttl: bigint;
  /** Name of an issuer profile (Istio's `CertSigner`); absent means the default. */
  readonly signer?: string;
  /** SPIFFE ID to be issued in the caller's stead (ztunnel); absent means the caller's own. */
  readonly impersonate?: string;
  /**
   * `ignore`: the CSR's names say nothing, the caller's identity decides (istiod).
   * `exact`: the CSR must name exactly the caller's identity and nothing else (istio-csr).
   */
  readonly csrNames: 'ignore' | 'exact';
  /** What a lifetime over the maximum gets where the policy does not say: `reject` (istiod) or `clamp` (istio-csr). */
  readonly ttlAbove: 'clamp' | 'reject';
}

export interface IssuanceRequest {
  /** Our own id for this request: in the log, the record and the trace. */
  readonly id: string;
  readonly door: DoorName;
  readonly evidence: Evidence;
  /** PEM PKCS#10 as received. */
  readonly csr: string;
  readonly wish: Wish;
  /** W3C traceparent, if the client sent one. */
  readonly traceparent?: string;
}

/** The one sequence, as doors see it. Rejects with a Refusal that is already on the record. */
export interface Issuance {
  issue(request: IssuanceRequest, signal: AbortSignal): Promise<Issued>;
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
