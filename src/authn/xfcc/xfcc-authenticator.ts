import type { Authenticator, Evidence } from '#issuance/ports.ts';
import { type Caller, mintCaller } from '#policy/caller.ts';
import { Refusal } from '#refusal/refusal.ts';
import { parseSpiffeId, type SpiffeId, type TrustDomain, trustDomainOf } from '#spiffe/spiffe-id.ts';
import type { AddressRanges } from '#x509/address-ranges.ts';
import { type ForwardedCertificate, lastForwarded, MalformedForward } from './forwarded-certificate.ts';

/**
 * The client certificate that a proxy in front of us has verified, as it says in `x-forwarded-client-cert` (contract
 * istio-ca.md §2.7): from listed addresses only, and one SPIFFE ID of our trust domain only.
 */
export class XfccAuthenticator implements Authenticator {
  readonly name = 'xfcc';
  readonly #proxies: AddressRanges;
  readonly #trustDomain: TrustDomain;

  constructor(options: { readonly proxies: AddressRanges; readonly trustDomain: TrustDomain }) {
    this.#proxies = options.proxies;
    this.#trustDomain = options.trustDomain;
  }

  async authenticate({ forwardedClientCert = [], peer }: Evidence): Promise<Caller | undefined> {
    const [value, second] = forwardedClientCert;
    if (value === undefined || peer === undefined) return undefined;
    if (!this.#proxies.has(peer.ip)) fail(`${peer.ip} is not one of the listed proxies`);
    if (second !== undefined) fail('it is there more than once');
    const certificate = read(value);
    return mintCaller({
      identity: this.#identityIn(certificate),
      authenticator: 'xfcc',
      credential: { ...(certificate.sha256 !== undefined && { certificateSha256: certificate.sha256 }) },
    });
  }

  #identityIn({ uris: [uri, second] }: ForwardedCertificate): SpiffeId {
    if (uri === undefined) fail('its last element has no URI');
    if (second !== undefined) fail('its last element has more than one URI');
    const identity = readId(uri);
    if (trustDomainOf(identity) !== this.#trustDomain) fail('its URI is of another trust domain');
    return identity;
  }
}

function read(value: string): ForwardedCertificate {
  try {
    return lastForwarded(value);
  } catch (thrown) {
    if (thrown instanceof MalformedForward) fail(thrown.message);
    throw thrown;
  }
}

function readId(uri: string): SpiffeId {
  try {
    return parseSpiffeId(uri);
  } catch (thrown) {
    if (thrown instanceof Refusal) fail(thrown.message);
    throw thrown;
  }
}

function fail(why: string): never {
  throw new Refusal('authn.failed', `x-forwarded-client-cert is not taken: ${why}`);
}
