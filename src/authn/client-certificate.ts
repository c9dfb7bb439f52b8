import { createHash } from 'node:crypto';
import type { Authenticator, Clock, Evidence } from '#issuance/ports.ts';
import { type Caller, mintCaller } from '#policy/caller.ts';
import { Refusal } from '#refusal/refusal.ts';
import type { SpiffeId, TrustDomain } from '#spiffe/spiffe-id.ts';
import { svidIdentity } from '#spiffe/x509-svid.ts';
import { readCertificate } from '#x509/certificate.ts';
import { CertificateError } from '#x509/certificate-error.ts';

interface Proof {
  readonly identity: SpiffeId;
  readonly sha256: string;
  /** Seconds since the epoch; notAfter is the last one that counts (RFC 5280 §4.1.2.5). */
  readonly notBefore: number;
  readonly notAfter: number;
}

/**
 * The TLS client certificate, whose chain the handshake has verified: renewal of one's own SVID. Of its names only
 * the one URI counts, whatever else stands beside it. A connection may outlive its certificate, so the validity is
 * looked at again on each call.
 */
export class ClientCertificateAuthenticator implements Authenticator {
  readonly name = 'client-cert';
  readonly #trustDomain: TrustDomain;
  readonly #clock: Clock;
  /** By the connection's chain: all calls of one connection share the reading. */
  readonly #read = new WeakMap<readonly Uint8Array[], Proof>();

  constructor(options: { readonly trustDomain: TrustDomain; readonly clock: Clock }) {
    this.#trustDomain = options.trustDomain;
    this.#clock = options.clock;
  }

  async authenticate(evidence: Evidence): Promise<Caller | undefined> {
    const chain = evidence.clientCertificate;
    const leaf = chain?.[0];
    if (chain === undefined || leaf === undefined) return undefined;
    const proof = this.#read.get(chain) ?? this.#readLeaf(chain, leaf);
    const now = Math.floor(this.#clock.now() / 1000);
    if (now < proof.notBefore || now > proof.notAfter) fail('it is outside its validity');
    return mintCaller({
      identity: proof.identity,
      authenticator: 'client-cert',
      credential: { certificateSha256: proof.sha256, expires: proof.notAfter },
    });
  }

  #readLeaf(chain: readonly Uint8Array[], leaf: Uint8Array): Proof {
    const certificate = read(leaf, this.#trustDomain);
    const proof = { ...certificate, sha256: createHash('sha256').update(leaf).digest('hex') };
    this.#read.set(chain, proof);
    return proof;
  }
}

function read(leaf: Uint8Array, trustDomain: TrustDomain): Omit<Proof, 'sha256'> {
  try {
    const certificate = readCertificate(leaf);
    const { notBefore, notAfter } = certificate;
    return { identity: svidIdentity(certificate, trustDomain), notBefore, notAfter };
  } catch (thrown) {
    if (thrown instanceof Refusal || thrown instanceof CertificateError) fail(thrown.message);
    throw thrown;
  }
}

function fail(why: string): never {
  throw new Refusal('authn.failed', `the client certificate is not taken: ${why}`);
}
