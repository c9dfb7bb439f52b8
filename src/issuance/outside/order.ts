import type { Permit, SvidTerms } from '#policy/permit.ts';
import { Refusal } from '#refusal/refusal.ts';
import type { VerifiedCsr } from '#x509/csr/verified-csr.ts';
import { DerReader } from '#x509/der/reader.ts';
import type { KeyStrength } from '#x509/keys/key-strength.ts';
import { readName } from '#x509/name.ts';
import { abortRefusal, unlessAborted } from '../flight.ts';
import type { RelayedIssuer } from '../live-issuer.ts';
import type { Clock } from '../ports.ts';
import { HeldCertificate, type OutsideNotes } from './held-certificate.ts';

export interface OrderParts {
  readonly clock: Clock;
  readonly keyStrength: KeyStrength;
}

/**
 * One leaf ordered from an outside issuer: its draft is the request itself, since the issuer copies what stands in it.
 * Made from a Permit, linted, then placed at most once.
 */
export class Order {
  readonly #terms: SvidTerms;
  readonly #csr: VerifiedCsr;
  readonly #pem: string;
  readonly #issuer: RelayedIssuer;
  #state: 'ordered' | 'linted' | 'placed' = 'ordered';

  private constructor(permit: Permit, csr: VerifiedCsr, pem: string, issuer: RelayedIssuer) {
    const { terms } = permit;
    if (terms.spkiSha256 !== csr.key.spkiSha256) throw new Refusal('internal', 'the permit is for another key');
    if (terms.issuer !== issuer.name) throw new Refusal('internal', 'the permit is for another issuer');
    // an issuer out there decides itself what else it copies of a request, and we could not hold it to that
    if (terms.kind !== 'svid')
      throw new Refusal(
        'issuer.unavailable',
        `issuer ${issuer.name} is relayed to, and signs workload identities alone`,
      );
    this.#terms = terms;
    this.#csr = csr;
    this.#pem = pem;
    this.#issuer = issuer;
  }

  /** `pem`: the request as it was received, and as it will be passed on. */
  static of(permit: Permit, csr: VerifiedCsr, pem: string, issuer: RelayedIssuer): Order {
    return new Order(permit, csr, pem, issuer);
  }

  /**
   * Holds all of the request that the issuer would copy, or could read in it beyond what we did, against the permit.
   * Throws Refusal `identity.mismatch`, `csr.subject`, `csr.attribute` or `csr.challenge-password`.
   */
  lint(): void {
    const { identity } = this.#terms;
    const { sans, subject, unknownAttributes, challengePassword } = this.#csr;
    const [name, ...more] = sans;
    if (name?.kind !== 'uri' || name.value !== identity || more.length > 0) {
      throw new Refusal('identity.mismatch', `the CSR must name exactly ${identity}: its issuer copies what it names`);
    }
    // The agents' one organizationName of no length says nothing, and stays.
    const attributes = readName(DerReader.over(subject.der)).flat();
    if (attributes.some(({ value }) => value !== '')) {
      throw new Refusal('csr.subject', 'the CSR must have an empty subject: its issuer copies what stands there');
    }
    if (unknownAttributes.length > 0) {
      throw new Refusal('csr.attribute', 'the CSR holds an attribute that means nothing here, and may to its issuer');
    }
    if (challengePassword) {
      throw new Refusal('csr.challenge-password', 'the CSR holds a challengePassword, and would be read by others');
    }
    this.#state = 'linted';
  }

  /**
   * Asks the issuer, waits, and holds what comes back against the permit. A crash in here leaves an order in the outside
   * system's books, and perhaps a certificate that nobody of ours released.
   */
  async place(notes: OutsideNotes, { clock, keyStrength }: OrderParts, signal: AbortSignal): Promise<HeldCertificate> {
    if (this.#state !== 'linted') throw new Refusal('internal', `an order that is ${this.#state} cannot be placed`);
    this.#state = 'placed';
    const { outside, name, trusted } = this.#issuer;
    if (trusted.length === 0) {
      throw new Refusal('issuer.unavailable', `issuer ${name} has not named its roots yet; try again`);
    }
    if (signal.aborted) throw abortRefusal(signal);
    const terms = this.#terms;
    const order = {
      csr: this.#pem,
      seconds: terms.ttl,
      purpose: 'workload',
      label: terms.identity,
      placed: (trail) => {
        notes.trail = trail;
      },
    } satisfies Parameters<typeof outside.request>[0];
    // An adapter that does not let go when it is told to holds up nobody but itself.
    const answer = await unlessAborted(outside.request(order, signal), signal);
    return HeldCertificate.hold(
      answer,
      {
        spki: this.#csr.key.spki,
        names: [`uri:${terms.identity}`],
        keyUsage: terms.keyUsage,
        extendedKeyUsage: terms.extendedKeyUsage,
        notBefore: terms.notBefore,
        notAfter: terms.notAfter,
        maxSize: terms.maxSize,
        renewedHalfway: true,
        trusted,
        keyStrength,
        ...(terms.level !== undefined && { level: terms.level }),
      },
      Math.floor(clock.now() / 1000),
      notes,
    );
  }
}
