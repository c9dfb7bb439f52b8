import { createHash, X509Certificate } from 'node:crypto';
import type { Authenticator, Clock, Evidence } from '#issuance/ports.ts';
import { type Caller, mintCaller } from '#policy/caller.ts';
import { asRefusal, Refusal } from '#refusal/refusal.ts';
import { parseSpiffeId, type SpiffeId, type TrustDomain, trustDomainOf } from '#spiffe/spiffe-id.ts';

interface Proof {
  readonly identity: SpiffeId;
  readonly sha256: string;
  /** ms since the epoch. */
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
    const now = this.#clock.now();
    if (now < proof.notBefore || now >= proof.notAfter) fail('it is outside its validity');
    return mintCaller({
      identity: proof.identity,
      authenticator: 'client-cert',
      credential: { certificateSha256: proof.sha256, expires: Math.floor(proof.notAfter / 1000) },
    });
  }

  #readLeaf(chain: readonly Uint8Array[], leaf: Uint8Array): Proof {
    const certificate = parse(leaf);
    if (certificate.ca) fail('it is a CA');
    const identity = soleUri(certificate.subjectAltName ?? '');
    if (trustDomainOf(identity) !== this.#trustDomain) fail(`${identity} is not in ${this.#trustDomain}`);
    const proof = {
      identity,
      sha256: createHash('sha256').update(leaf).digest('hex'),
      notBefore: certificate.validFromDate.getTime(),
      notAfter: certificate.validToDate.getTime(),
    };
    this.#read.set(chain, proof);
    return proof;
  }
}

function parse(der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch (thrown) {
    throw new Refusal('authn.failed', 'the client certificate cannot be read', {}, { cause: thrown });
  }
}

/** The runtime writes a name in quotes when its text could be taken for several names: no such name is ours. */
function soleUri(names: string): SpiffeId {
  if (names.includes('"')) fail('a name in it holds a comma, a quote or a control character');
  const uris = names.split(', ').filter((name) => name.startsWith('URI:'));
  const [uri] = uris;
  if (uri === undefined || uris.length > 1) fail(`it has ${uris.length} URI SANs; exactly one is right`);
  try {
    return parseSpiffeId(uri.slice('URI:'.length));
  } catch (thrown) {
    return fail(asRefusal(thrown).message);
  }
}

function fail(why: string): never {
  throw new Refusal('authn.failed', `the client certificate is not taken: ${why}`);
}
