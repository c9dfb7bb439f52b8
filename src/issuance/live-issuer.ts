import type { IssuerFacts } from '#policy/question.ts';
import type { IssuerTerms } from '#x509/profile/ca-certificate.ts';
import type { LeafIssuer, LeafTemplate } from '#x509/profile/leaf-template.ts';
import type { Signer } from './ports.ts';

/** An issuing CA as the sequence sees it: immutable, so that one request meets one issuer from draft to answer. */
export interface LiveIssuer {
  readonly name: string;
  readonly signer: Signer;
  readonly template: LeafTemplate;
  /** What the template was compiled from; the lint reads final bytes against it. */
  readonly leafIssuer: LeafIssuer;
  /** Id and SHA-256 of the profile that the template compiles; in every record. */
  readonly profile: { readonly id: string; readonly sha256: string };
  /** For certificates that are not leaves of the template, such as our own serving certificate. */
  readonly terms: IssuerTerms;
  /** Checks a signature over `tbs` with the public key of the issuing certificate. */
  verify(tbs: Uint8Array, signature: Uint8Array): Promise<boolean>;
  /** As policy sees it; the window is the one in which every CA of the chain is valid. */
  readonly facts: IssuerFacts;
  /** PEM of the chain, issuing certificate first, root left out; each ends in a newline. */
  readonly intermediates: readonly string[];
  /** All live roots in one byte-stable PEM bundle. */
  readonly roots: string;
  /** For the record. */
  readonly subject: string;
  readonly keyId: string;
  readonly certificateSha256: string;
}

export interface Issuers {
  /** The named issuer, or the default for no name. Throws Refusal `issuer.unknown` or `issuer.unavailable`. */
  get(name: string | undefined): LiveIssuer;
}
