import type { Permit } from '#policy/permit.ts';
import { Refusal } from '#refusal/refusal.ts';
import type { Der } from '#x509/algorithms.ts';
import type { VerifiedCsr } from '#x509/csr/verified-csr.ts';
import { compareReleased, lintLeafTbs } from '#x509/lint.ts';
import type { LiveIssuer } from './live-issuer.ts';

/** The final to-be-signed bytes of one certificate: made from a Permit, linted, then signed at most once. */
export class Draft {
  readonly tbs: Uint8Array;
  readonly serial: Uint8Array;
  readonly #permit: Permit;
  readonly #csr: VerifiedCsr;
  readonly #issuer: LiveIssuer;
  #state: 'drafted' | 'linted' | 'signed' = 'drafted';

  private constructor(permit: Permit, csr: VerifiedCsr, issuer: LiveIssuer, serial: Uint8Array) {
    const { terms } = permit;
    if (terms.spkiSha256 !== csr.key.spkiSha256) throw new Refusal('internal', 'the permit is for another key');
    if (terms.issuer !== issuer.name) throw new Refusal('internal', 'the permit is for another issuer');
    this.#permit = permit;
    this.#csr = csr;
    this.#issuer = issuer;
    this.serial = serial;
    this.tbs = issuer.template.tbs({
      serial,
      notBefore: terms.notBefore,
      notAfter: terms.notAfter,
      spki: csr.key.spki,
      subjectKeyId: csr.key.keyId,
      keyUsage: terms.keyUsage.includes('keyEncipherment') ? 'digitalSignature+keyEncipherment' : 'digitalSignature',
      uri: terms.identity,
    });
  }

  /** Pure: the same inputs give the same bytes. */
  static of(permit: Permit, csr: VerifiedCsr, issuer: LiveIssuer, serial: Uint8Array): Draft {
    return new Draft(permit, csr, issuer, serial);
  }

  /** Reads the final bytes back and holds every field against the permit. Throws Refusal `profile.lint`. */
  lint(): void {
    lintLeafTbs(this.tbs, this.#expected());
    this.#state = 'linted';
  }

  /** The finished certificate, its signature verified with the issuer's public key and its bytes read back. */
  async sign(): Promise<Der> {
    if (this.#state !== 'linted') throw new Refusal('internal', `a draft that is ${this.#state} cannot be signed`);
    this.#state = 'signed';
    const signature = await this.#issuer.signer.sign(this.tbs);
    const certificate = this.#issuer.template.assemble(this.tbs, signature);
    if (!(await this.#issuer.verify(this.tbs, signature))) {
      throw new Refusal('signer.bad-signature', `the signature by issuer ${this.#issuer.name} does not verify`);
    }
    compareReleased(certificate, this.tbs, this.#expected());
    if (certificate.length > this.#permit.terms.maxSize) {
      throw new Refusal('profile.lint', `the certificate has ${certificate.length} octets; policy allows ${this.#permit.terms.maxSize}`);
    }
    return certificate;
  }
}
