import type { IssuerFacts } from '#policy/question.ts';
import type { Certificate } from '#x509/certificate.ts';
import type { IssuerTerms, StatusPointers } from '#x509/profile/ca-certificate.ts';
import type { LeafIssuer, LeafTemplate } from '#x509/profile/leaf-template.ts';
import type { OutsideIssuer, Signer } from './ports.ts';

/**
 * An issuing CA as the sequence sees it: immutable, so that one request meets one issuer from draft to answer. Either its
 * key is ours and it signs what we drafted, or it is somebody else's and we hold what it made against the permit.
 */
export type LiveIssuer = SigningIssuer | RelayedIssuer;

export interface SigningIssuer {
  readonly way: 'sign';
  readonly name: string;
  readonly signer: Signer;
  readonly template: LeafTemplate;
  /** What the template was compiled from; the lint reads final bytes against it. */
  readonly leafIssuer: LeafIssuer;
  /** Id and SHA-256 of the profile that the template compiles; in every record. */
  readonly profile: { readonly id: string; readonly sha256: string };
  /** For certificates that are not leaves of the template, such as our own serving certificate. */
  readonly terms: IssuerTerms;
  /** What every certificate but an SVID points to. */
  readonly pointers?: StatusPointers;
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

/** Its certificate is not known before it has issued: each answer names its own. */
export interface RelayedIssuer {
  readonly way: 'relay';
  readonly name: string;
  readonly outside: OutsideIssuer;
  /** What is known beforehand: key and algorithm are not, and the window is that of the roots. */
  readonly facts: IssuerFacts;
  /** Where the roots come from: a file of ours, or the issuer's word beside each certificate of our own. */
  readonly rootsFrom: 'file' | 'issuer';
  /** Its own roots, in which all that it makes has to end. Empty until it has named them; nothing is relayed before. */
  readonly trusted: readonly Certificate[];
  /** All live roots in one byte-stable PEM bundle. */
  readonly roots: string;
}

export interface Issuers {
  /** The named issuer, or the default for no name. Throws Refusal `issuer.unknown` or `issuer.unavailable`. */
  get(name: string | undefined): LiveIssuer;
}
