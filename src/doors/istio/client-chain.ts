import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { Refusal } from '#refusal/refusal.ts';
import { parseSpiffeId, type TrustDomain, trustDomainOf } from '#spiffe/spiffe-id.ts';

/** Longest chain that is kept for the record. */
const maxChain = 8;

/**
 * The client's chain as DER, leaf first; empty when it sent none; or, as a string for the log, why its connection
 * must end: what it shows has to chain to the mesh's roots and be unexpired (OpenSSL's verdict), be no CA, and have
 * exactly one URI SAN, a SPIFFE ID of our trust domain (contract §2.5).
 */
export function verifiedClientChain(
  socket: TLSSocket,
  haveRoots: boolean,
  trustDomain: TrustDomain,
): readonly Uint8Array[] | string {
  const leaf = socket.getPeerX509Certificate();
  if (leaf === undefined) return [];
  if (!haveRoots) return 'a client certificate was sent and no roots are configured to check it';
  if (!socket.authorized) return `the client certificate does not verify: ${String(socket.authorizationError)}`;
  if (leaf.ca) return 'the client certificate is a CA';
  const fault = identityFault(leaf, trustDomain);
  if (fault !== undefined) return fault;
  const chain: Uint8Array[] = [];
  for (let one: X509Certificate | undefined = leaf; one && chain.length < maxChain; one = one.issuerCertificate) {
    chain.push(one.raw);
    if (one.issuerCertificate === one) break;
  }
  return chain;
}

function identityFault(leaf: X509Certificate, trustDomain: TrustDomain): string | undefined {
  const uris = (leaf.subjectAltName ?? '').split(', ').filter((name) => name.startsWith('URI:'));
  const [uri] = uris;
  if (uri === undefined || uris.length !== 1) return `the client certificate has ${uris.length} URI SANs; one is right`;
  try {
    const id = parseSpiffeId(uri.slice('URI:'.length));
    return trustDomainOf(id) === trustDomain ? undefined : `the client certificate is for trust domain of ${id}`;
  } catch (thrown) {
    if (thrown instanceof Refusal) return `the client certificate's URI SAN: ${thrown.message}`;
    throw thrown;
  }
}
