import type { Permit } from '#policy/permit.ts';
import { Refusal } from '#refusal/refusal.ts';
import type { Der } from '#x509/algorithms.ts';
import type { VerifiedCsr } from '#x509/csr/verified-csr.ts';
import { compareReleased, type LeafExpectation, lintLeafTbs } from '#x509/lint.ts';
import type { SigningIssuer } from './live-issuer.ts';

/** The final to-be-signed bytes of one certificate: made from a Permit, linted, then signed at most once. */
export class Draft {
  readonly tbs: Uint8Array;
  readonly serial: Uint8Array;
  readonly #issuer: SigningIssuer;
  readonly #expected: LeafExpectation;
  #state: 'drafted' | 'linted' | 'signed' = 'drafted';

  private constructor(permit: Permit, csr: VerifiedCsr, issuer: SigningIssuer, serial: Uint8Array) {
    const { terms } = permit;
    if (terms.spkiSha256 !== csr.key.spkiSha256) throw new Refusal('internal', 'the permit is for another key');
    if (terms.issuer !== issuer.name) throw new Refusal('internal', 'the permit is for another issuer');
    this.serial = serial;
    this.#issuer = issuer;
    this.#expected = {
      issuer: issuer.leafIssuer,
      serial,
      notBefore: terms.notBefore,
      notAfter: terms.notAfter,
      spki: csr.key.spki,
      subjectKeyId: csr.key.keyId,
      keyUsage: terms.keyUsage,
      extendedKeyUsage: terms.extendedKeyUsage,
      uri: terms.identity,
      maxSize: terms.maxSize,
    };
    this.tbs = issuer.template.tbs({
      serial,
      notBefore: terms.notBefore,
      notAfter: terms.notAfter,
      spki: csr.key.spki,
      subjectKeyId: this.#expected.subjectKeyId,
      uri: terms.identity,
      keyUsage: terms.keyUsage.includes('keyEncipherment') ? 'digitalSignature+keyEncipherment' : 'digitalSignature',
    });
  }

  /** Pure: the same inputs give the same bytes. */
  static of(permit: Permit, csr: VerifiedCsr, issuer: SigningIssuer, serial: Uint8Array): Draft {
    return new Draft(permit, csr, issuer, serial);
  }

  /** Reads the final bytes back and holds every field against the permit. Throws Refusal `profile.lint`. */
  lint(): void {
    lintLeafTbs(this.tbs, this.#expected);
    this.#state = 'linted';
  }

  /**
   * The finished certificate, its signature verified with the issuer's public key and its bytes read back. A crash in
   * here loses a certificate that nobody holds.
   */
  async sign(): Promise<Der> {
    if (this.#state !== 'linted') throw new Refusal('internal', `a draft that is ${this.#state} cannot be signed`);
    this.#state = 'signed';
    const signature = await this.#issuer.signer.sign(this.tbs);
    const certificate = this.#issuer.template.assemble(this.tbs, signature);
    if (!(await this.#issuer.verify(this.tbs, signature))) {
      throw new Refusal('signer.bad-signature', `the signature by issuer ${this.#issuer.name} does not verify`);
    }
    compareReleased(certificate, this.tbs, this.#expected);
    return certificate;
  }
}
