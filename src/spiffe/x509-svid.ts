import { Refusal } from '#refusal/refusal.ts';
import type { Certificate } from '#x509/certificate.ts';
import { parseSpiffeId, type SpiffeId, type TrustDomain, trustDomainOf } from './spiffe-id.ts';

/**
 * The identity of an X.509-SVID leaf of `trustDomain` (X509-SVID §2, §4.1, §4.3): exactly one URI SAN, no CA, no CA's
 * key usage. Names of other kinds beside the URI say nothing. Its chain and validity are the caller's to check.
 * Throws Refusal `identity.malformed` or `identity.trust-domain`.
 */
export function svidIdentity(leaf: Certificate, trustDomain: TrustDomain): SpiffeId {
  if (leaf.isCa) malformed('it is a CA');
  if (leaf.keyUsage?.some((usage) => usage === 'keyCertSign' || usage === 'cRLSign')) {
    malformed('its keyUsage is that of a CA');
  }
  if (leaf.unknownCritical.length > 0) malformed(`it has the unknown critical extension ${leaf.unknownCritical[0]}`);
  const [uri, ...others] = leaf.uris;
  if (uri === undefined || others.length > 0) malformed(`it has ${leaf.uris.length} URI SANs; exactly one is right`);
  const id = parseSpiffeId(uri);
  if (trustDomainOf(id) !== trustDomain) {
    throw new Refusal('identity.trust-domain', `${id} is not in the trust domain ${trustDomain}`);
  }
  return id;
}

function malformed(why: string): never {
  throw new Refusal('identity.malformed', `not the certificate of an X.509-SVID: ${why}`);
}
