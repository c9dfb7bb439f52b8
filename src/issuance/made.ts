import type { Permit } from '#policy/permit.ts';
import type { Der } from '#x509/algorithms.ts';
import type { Draft } from './draft.ts';
import type { RelayedIssuer, SigningIssuer } from './live-issuer.ts';
import type { HeldCertificate } from './outside/held-certificate.ts';

/** A certificate that nobody has seen yet, and what it was made of. */
export type Made = Signed | Relayed;

interface Signed {
  readonly way: 'sign';
  readonly certificate: Der;
  readonly draft: Draft;
  readonly issuer: SigningIssuer;
  readonly permit: Permit;
}

interface Relayed {
  readonly way: 'relay';
  readonly held: HeldCertificate;
  readonly issuer: RelayedIssuer;
  readonly permit: Permit;
}
