import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { Refusal } from '#refusal/refusal.ts';
import type { TrustDomain } from '#spiffe/spiffe-id.ts';
import { svidIdentity } from '#spiffe/x509-svid.ts';
import { readCertificate } from '#x509/certificate.ts';
import { CertificateError } from '#x509/certificate-error.ts';

/** Longest chain that is kept for the record. */
const maxChain = 8;

/**
 * The client's chain as DER, leaf first; empty when it sent none; or, as a string for the log, why its connection
 * must end: what it shows has to chain to the mesh's roots and be unexpired (OpenSSL's verdict) and be an SVID of our
 * trust domain (contract §2.5).
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
  try {
    svidIdentity(readCertificate(leaf.raw), trustDomain);
  } catch (thrown) {
    if (thrown instanceof Refusal || thrown instanceof CertificateError) return `client certificate: ${thrown.message}`;
    throw thrown;
  }
  const chain: Uint8Array[] = [];
  for (let one: X509Certificate | undefined = leaf; one && chain.length < maxChain; one = one.issuerCertificate) {
    chain.push(one.raw);
    if (one.issuerCertificate === one) break;
  }
  return chain;
}
