import type { SigningIssuer } from '#issuance/live-issuer.ts';
import type { Issuing } from '#server/issuing.ts';

/** The default issuer of a home whose CA key is ours: what is measured here. */
export function signingIssuer({ live }: Issuing): SigningIssuer {
  const issuer = live.get(undefined);
  if (issuer.way !== 'sign') throw new Error(`issuer ${issuer.name} does not sign by itself`);
  return issuer;
}
