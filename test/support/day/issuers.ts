import { hash, sign } from 'node:crypto';
import { type TestAuthority, testAuthority } from '#test/support/software-ca.ts';
import { type Certificate, readCertificate } from '#x509/certificate.ts';
import { compileLeafTemplate, type LeafTerms } from '#x509/profile/leaf-template.ts';
import { begin } from './plan.ts';

const from = begin / 1_000 - 86_400;
const window = { notBefore: from, notAfter: from + 30 * 86_400 };
export const root = testAuthority({ commonName: 'Day root', kind: 'ec:P-384', ...window });

/** An issuer whose key is at hand: it signs whatever it is told to. */
export class DayIssuer {
  readonly name: string;
  readonly certificate: Certificate;
  readonly keyId: string;
  readonly certSha256: string;
  readonly window = window;
  readonly #key: TestAuthority['key'];
  readonly #template: ReturnType<typeof compileLeafTemplate>;

  constructor(name: string) {
    const authority = testAuthority({
      commonName: `Day ${name}`,
      issuer: root,
      trustDomain: 'cluster.local',
      ...window,
    });
    this.name = name;
    this.certificate = readCertificate(authority.certificate);
    const authorityKeyId = this.certificate.subjectKeyId ?? new Uint8Array();
    this.keyId = Buffer.from(authorityKeyId).toString('hex');
    this.certSha256 = hash('sha256', authority.certificate, 'hex');
    this.#key = authority.key;
    const issuerName = this.certificate.subject;
    this.#template = compileLeafTemplate({ issuerName, authorityKeyId, signatureAlgorithm: 'ecdsa-sha256' });
  }

  issue(terms: LeafTerms): { readonly tbs: Uint8Array; readonly der: Uint8Array } {
    const tbs = this.#template.tbs(terms);
    return { tbs, der: this.#template.assemble(tbs, sign('sha256', tbs, this.#key)) };
  }
}

export const issuers = { mesh: new DayIssuer('mesh'), spare: new DayIssuer('spare') } as const;
