import type { Permit } from '#policy/permit.ts';
import { Refusal } from '#refusal/refusal.ts';
import type { Der } from '#x509/algorithms.ts';
import type { VerifiedCsr } from '#x509/csr/verified-csr.ts';
import { compareReleased, type Expectation, lintTbs } from '#x509/lint.ts';
import { copiedTbs } from '#x509/profile/ca-certificate.ts';
import type { SigningIssuer } from './live-issuer.ts';

/** The final to-be-signed bytes of one certificate: made from a Permit, linted, then signed at most once. */
export class Draft {
  readonly tbs: Uint8Array;
  readonly serial: Uint8Array;
  readonly #issuer: SigningIssuer;
  readonly #expected: Expectation;
  #state: 'drafted' | 'linted' | 'signed' = 'drafted';

  private constructor(permit: Permit, csr: VerifiedCsr, issuer: SigningIssuer, serial: Uint8Array) {
    const { terms } = permit;
    if (terms.spkiSha256 !== csr.key.spkiSha256) throw new Refusal('internal', 'the permit is for another key');
    if (terms.issuer !== issuer.name) throw new Refusal('internal', 'the permit is for another issuer');
    this.serial = serial;
    this.#issuer = issuer;
    const { leafIssuer } = issuer;
    const { spki, keyId: subjectKeyId } = csr.key;
    const { notBefore, notAfter, maxSize } = terms;
    if (terms.kind === 'svid') {
      // the hot path: two objects, and no copies of them
      const { keyUsage, extendedKeyUsage, identity: uri } = terms;
      this.#expected = {
        issuer: leafIssuer,
        serial,
        notBefore,
        notAfter,
        spki,
        subjectKeyId,
        keyUsage,
        extendedKeyUsage,
        uri,
        maxSize,
      };
      this.tbs = issuer.template.tbs({
        serial,
        notBefore,
        notAfter,
        spki,
        subjectKeyId,
        uri,
        keyUsage: keyUsage.includes('keyEncipherment') ? 'digitalSignature+keyEncipherment' : 'digitalSignature',
      });
    } else {
      if (terms.csrSha256 !== csr.sha256) throw new Refusal('internal', 'the permit is for another request');
      const { kind, keyUsage, extendedKeyUsage, pathLength } = terms;
      const { sanDer: names, nameConstraintsDer: nameConstraints, mustStaple } = csr;
      const copied = { subject: csr.subject.der, names, nameConstraints, mustStaple };
      const ca = kind === 'ca' ? { ca: pathLength === undefined ? {} : { pathLength } } : {};
      const pointers = issuer.pointers === undefined ? {} : { pointers: issuer.pointers };
      const both = { serial, notBefore, notAfter, spki, keyUsage, extendedKeyUsage, ...ca, ...pointers };
      this.#expected = { ...both, issuer: leafIssuer, subjectKeyId, maxSize, copied };
      this.tbs = copiedTbs({ ...both, ...copied, issuer: issuer.terms }, leafIssuer.signatureAlgorithm);
    }
  }

  /** Pure: the same inputs give the same bytes. */
  static of(permit: Permit, csr: VerifiedCsr, issuer: SigningIssuer, serial: Uint8Array): Draft {
    return new Draft(permit, csr, issuer, serial);
  }

  /** Reads the final bytes back and holds every field against the permit. Throws Refusal `profile.lint`. */
  lint(): void {
    lintTbs(this.tbs, this.#expected);
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
