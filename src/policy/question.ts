import type { SpiffeId, TrustDomain } from '#spiffe/spiffe-id.ts';
import { trustDomainOf } from '#spiffe/spiffe-id.ts';
import type { KeyKind, SignatureAlgorithm } from '#x509/algorithms.ts';
import type { CertificateKind } from '#x509/certificate-kind.ts';
import type { PurposeName } from '#x509/extended-key-usage.ts';
import type { KeyUsageName } from '#x509/key-usage.ts';
import type { CallerFacts } from './caller.ts';
import type { DoorName } from './permit.ts';

/** A name in a CSR's subjectAltName: RFC 5280 §4.2.1.6. */
export interface SanFacts {
  readonly kind: string;
  readonly value: string;
}

/** What policy looks at in a CSR. A VerifiedCsr is one; a test or a replay may write one down. */
interface CsrFacts {
  /** SHA-256 of its DER, hex. */
  readonly sha256: string;
  readonly key: {
    /** `KeyKind` where we know the key; any other word is refused. */
    readonly kind: string;
    /** SHA-256, hex, of the SubjectPublicKeyInfo. */
    readonly spkiSha256: string;
  };
  /** Algorithm of its self-signature. */
  readonly signature: string;
  readonly subject: {
    readonly commonName?: string | undefined;
    readonly empty?: boolean;
    /** Read only where the subject may be copied. */
    readonly organizations?: readonly string[];
  };
  readonly sans: readonly SanFacts[];
  /** basicConstraints as asked for. */
  readonly basicConstraints?: { readonly ca: boolean; readonly pathLength?: number } | undefined;
  /** Dotted OIDs of all extensions asked for. */
  readonly extensionOids: readonly string[];
  /** By the names of RFC 5280 §4.2.1.3. */
  readonly keyUsage: readonly string[] | undefined;
  /** Dotted OIDs. */
  readonly extendedKeyUsage: readonly string[] | undefined;
  readonly challengePassword: boolean;
  /** Dotted OIDs of attributes that mean nothing to us. */
  readonly unknownAttributes: readonly string[];
}

/** Seconds from notBefore to notAfter that whoever asks takes at all. */
export interface Span {
  readonly least: number;
  readonly most: number;
}

interface CommonWish {
  /** Seconds asked for, exactly as received; 0 or negative means "the default". */
  readonly ttl: bigint;
  /** Where `ttl` begins: now, or at notBefore, as certificates are measured by whoever reads them. Now unless told. */
  readonly ttlFrom?: 'now' | 'notBefore';
  /** Seconds that the door gives at most, counted as `ttl` is, whatever a policy allows; absent, policy decides alone. */
  readonly ttlAtMost?: number;
  /** Seconds from notBefore to notAfter that an API takes at all. */
  readonly span?: Span;
  /** What a lifetime over the maximum gets where the policy does not say: `reject` (istiod) or `clamp` (istio-csr). */
  readonly ttlAbove: 'clamp' | 'reject';
  /** Name of an issuer profile (Istio's `CertSigner`); absent means the default. */
  readonly signer?: string;
}

/** The X.509-SVID of the caller. */
export interface SvidWish extends CommonWish {
  readonly kind?: 'svid';
  /** SPIFFE ID to be issued in the caller's stead (ztunnel); absent means the caller's own. */
  readonly impersonate?: string;
  /**
   * `ignore`: the CSR's names say nothing, the caller's identity decides (istiod).
   * `exact`: the CSR must name exactly the caller's identity and nothing else (istio-csr).
   * `none`: the CSR carries a key and no name at all (PodCertificateRequest).
   */
  readonly csrNames: 'ignore' | 'exact' | 'none';
}

/** A certificate with the subject and names of the CSR, for the uses that are listed. */
export interface NamedWish extends CommonWish {
  readonly kind: 'end-entity' | 'ca';
  /** None leaves the extension out, here and below. */
  readonly keyUsage: readonly KeyUsageName[];
  /** In the order in which the certificate lists them. */
  readonly extendedKeyUsage: readonly PurposeName[];
}

/** What a caller would like; policy decides what of it it gets. */
export type Wish = SvidWish | NamedWish;

export const isNamed = (wish: Wish): wish is NamedWish => wish.kind === 'end-entity' || wish.kind === 'ca';

export const kindOf = ({ kind }: Wish): CertificateKind => kind ?? 'svid';

/**
 * The issuer that would sign. Times in whole seconds since the epoch, both inclusive. Key and algorithm are absent where
 * they are seen only in what it made: whoever relays to it holds that against the level of the permit.
 */
export interface IssuerFacts {
  readonly name: string;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly keyKind?: KeyKind;
  /** How many CAs may follow it in a chain (RFC 5280 §4.2.1.9), all above it counted; absent, any number. */
  readonly pathLength?: number;
  readonly algorithm?: SignatureAlgorithm;
}

interface TrustDomains {
  readonly primary: TrustDomain;
  readonly aliases: readonly TrustDomain[];
}

/** All of a decision's input but who asks and with which key. */
export interface Circumstances {
  readonly door: DoorName;
  readonly wish: Wish;
  readonly trustDomains: TrustDomains;
  readonly issuer: IssuerFacts;
  /** ms since the epoch. */
  readonly now: number;
  /** Content octets of the serial number that the certificate would carry: jitter is drawn from it. */
  readonly serial: Uint8Array;
}

export interface Question extends Circumstances {
  readonly caller: CallerFacts;
  readonly csr: CsrFacts;
}

/** A question with what every rule wants to know of its subject, worked out once. */
export interface Inquiry extends Question {
  readonly trustDomain: TrustDomain;
  readonly namespace: string | undefined;
  readonly serviceAccount: string | undefined;
}

/**
 * Namespace and service account are read from the identity where it has Istio's form, because the identity is what
 * the certificate will carry; only an identity of another form falls back to what the credential said.
 */
export function inquire(question: Question): Inquiry {
  const { identity } = question.caller;
  const istio = istioParts(identity);
  return {
    caller: question.caller,
    csr: question.csr,
    door: question.door,
    wish: question.wish,
    trustDomains: question.trustDomains,
    issuer: question.issuer,
    now: question.now,
    serial: question.serial,
    trustDomain: trustDomainOf(identity),
    namespace: istio?.namespace ?? question.caller.namespace,
    serviceAccount: istio?.serviceAccount ?? question.caller.serviceAccount,
  };
}

/** `spiffe://<td>/ns/<namespace>/sa/<service account>`, in two slices: this runs for every certificate. */
function istioParts(identity: SpiffeId): { namespace: string; serviceAccount: string } | undefined {
  const path = identity.indexOf('/', 'spiffe://'.length);
  if (path < 0 || !identity.startsWith('/ns/', path)) return undefined;
  const namespaceEnd = identity.indexOf('/', path + 4);
  if (namespaceEnd < 0 || !identity.startsWith('/sa/', namespaceEnd)) return undefined;
  if (identity.indexOf('/', namespaceEnd + 4) >= 0) return undefined;
  return { namespace: identity.slice(path + 4, namespaceEnd), serviceAccount: identity.slice(namespaceEnd + 4) };
}
