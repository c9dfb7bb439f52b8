import { hash } from 'node:crypto';
import type { Certificate } from '#x509/certificate.ts';
import { meshClientFaults } from '#x509/chain/mesh-clients.ts';
import type { KeyStrength } from '#x509/keys/key-strength.ts';
import { toPem } from '#x509/pem.ts';
import type { OutsideAnswer, OutsideTrail } from '../ports.ts';
import { demandPath, readFirst, readRest, splitChain } from './returned-chain.ts';
import { clockTolerance, demandLeaf, type ReturnedExpectation } from './returned-leaf.ts';

export interface Standard extends ReturnedExpectation {
  /** Roots in which the chain has to end. */
  readonly trusted: readonly Certificate[];
  readonly keyStrength: KeyStrength;
  /** Profile of algorithms that the policy demanded, if any. */
  readonly level?: string;
}

/** What is known of an order while it is out: whatever becomes of it, this goes into its record. */
export interface OutsideNotes {
  /** The octets that jitter was drawn from; where we sign, the certificate's serial number is made of them. */
  readonly drawn?: Uint8Array;
  trail?: OutsideTrail;
  /** DER of the first certificate that came back: it exists, also where it is not taken. */
  certificate?: Uint8Array;
}

/** A certificate made by somebody else and held against what was permitted. Nothing but `hold` makes one. */
export class HeldCertificate {
  readonly #held = true;
  readonly leaf: Certificate;
  /** The CA that signed it. */
  readonly issuing: Certificate;
  /** One PEM per certificate, the leaf's issuer first, root excluded; each ends in a newline. */
  readonly intermediates: readonly string[];
  /** Leaf first, root last. */
  readonly path: readonly Certificate[];
  readonly trail: OutsideTrail;

  private constructor(path: readonly Certificate[], leaf: Certificate, issuing: Certificate, trail: OutsideTrail) {
    this.leaf = leaf;
    this.issuing = issuing;
    this.path = path;
    this.intermediates = path.slice(1, -1).map(({ der }) => toPem('CERTIFICATE', der));
    this.trail = trail;
  }

  static isHeld(value: unknown): value is HeldCertificate {
    return typeof value === 'object' && value !== null && #held in value && value.#held;
  }

  /**
   * Reads all that came back, strictly, and holds it against `standard`; the chain is put in order and its root left out.
   * Pure but for the signatures that it verifies. `now` in seconds. Throws Refusal `profile.lint` or `issuer.expired`.
   */
  static hold(answer: OutsideAnswer, standard: Standard, now: number, notes: OutsideNotes): HeldCertificate {
    notes.trail = answer.trail;
    const chain = splitChain(answer.chain);
    notes.certificate = chain.first;
    const leaf = readFirst(chain);
    demandLeaf(leaf, standard, now);
    const { trusted, keyStrength, level, extendedKeyUsage: purposes } = standard;
    const path = demandPath({
      leaf,
      others: readRest(chain),
      trusted,
      keyStrength,
      ...(level !== undefined && { level }),
      purposes,
      // Of an issuer whose clock is ahead; how far it may be is checked with the leaf.
      now: Math.min(now + clockTolerance, Math.max(now, leaf.notBefore)),
    });
    const [, issuing = leaf] = path;
    return new HeldCertificate(path, leaf, issuing, answer.trail);
  }

  get sha256(): string {
    return hash('sha256', this.leaf.der, 'hex');
  }

  /** Sentences: what holds by RFC 5280 and will still hurt somebody, such as URI name constraints. */
  get warnings(): readonly string[] {
    return meshClientFaults(this.path.slice(1)).map(({ certificate, sentence }) => `${certificate}: ${sentence}`);
  }
}
