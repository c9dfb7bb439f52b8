import type { AuthenticatorName } from '#policy/caller.ts';
import { type DoorName, doorNames } from '#policy/permit.ts';
import type { Question } from '#policy/question.ts';
import { parseSpiffeId, parseTrustDomain, trustDomainOf } from '#spiffe/spiffe-id.ts';
import type { VerifiedCsr } from '#x509/csr/verified-csr.ts';
import type { OptionValues } from '../command/options.ts';
import { Failure } from '../failure.ts';
import type { explainOptions } from './options.ts';

type Given = OptionValues<typeof explainOptions>;

/** Ten years: an issuer that never bounds what is explained. */
const issuerLife = 10 * 365 * 86_400;

/** The question that a door would put to policy. Throws Failure `usage`, or Refusal `identity.malformed`. `now` in ms. */
export function questionFor(csr: VerifiedCsr, given: Given, ttl: number, now: number): Question {
  if (given.as === undefined)
    throw new Failure('usage', 'say who asks: --as spiffe://TRUST-DOMAIN/ns/NAMESPACE/sa/NAME');
  const identity = parseSpiffeId(given.as);
  const own = given['trust-domain'];
  const seconds = Math.floor(now / 1000);
  const exact = given.dialect === 'istio-csr';
  return {
    door: doorOf(given.door),
    caller: {
      identity,
      authenticator: authenticatorOf(given.authenticator),
      credential: {},
      ...(given.cluster === undefined ? {} : { cluster: given.cluster }),
    },
    csr,
    wish: { ttl: BigInt(ttl), csrNames: exact ? 'exact' : 'ignore', ttlAbove: exact ? 'clamp' : 'reject' },
    trustDomains: { primary: own === undefined ? trustDomainOf(identity) : parseTrustDomain(own), aliases: [] },
    issuer: {
      name: given.issuer ?? 'default',
      keyKind: 'ec:P-256',
      algorithm: 'ecdsa-sha256',
      notBefore: seconds - 86_400,
      notAfter: seconds + issuerLife,
    },
    now,
    // All zero draws no jitter: what is explained is the lifetime before it.
    serial: new Uint8Array(20),
  };
}

/** The parser has already held these two against their choices. */
function doorOf(text: string | undefined): DoorName {
  return doorNames.find((door) => door === text) ?? 'istio';
}

function authenticatorOf(text: string | undefined): AuthenticatorName {
  const names: readonly AuthenticatorName[] = ['client-cert', 'oidc', 'k8s-token', 'xfcc', 'kubernetes-object'];
  return names.find((name) => name === text) ?? 'k8s-token';
}
