import type { SpiffeId } from '#spiffe/spiffe-id.ts';
import type { PurposeName } from '#x509/extended-key-usage.ts';
import type { KeyUsageName } from '#x509/key-usage.ts';
import type { PolicyRates } from './rate.ts';

/** The ways by which certificates are asked for; part of policy (`match.doors`) and of the record. */
export const doorNames = ['istio', 'kubernetes-csr', 'pod-certificate', 'cert-manager', 'admin', 'internal'] as const;
export type DoorName = (typeof doorNames)[number];

interface CommonTerms {
  /** Of the caller; what an SVID names. */
  readonly identity: SpiffeId;
  /** SHA-256, hex, of the SubjectPublicKeyInfo this permit is for. */
  readonly spkiSha256: string;
  /** Seconds from the decision to the end of notAfter, counted inclusively, after clamp and jitter. */
  readonly ttl: number;
  /** notBefore and notAfter in whole seconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** Name of the issuer that must sign. */
  readonly issuer: string;
  /** Largest allowed certificate, octets of DER. */
  readonly maxSize: number;
  readonly policy: string;
  readonly priority: number;
  readonly policySetId: string;
  /** Seconds asked for and granted before jitter, where the two differ; `from` over 2^53 - 1 stands as that. */
  readonly clamped?: { readonly from: number; readonly to: number };
  /** FIPS or CNSA level the policy demanded, if any. */
  readonly level?: string;
  /** How often the policy gives this; counted by whoever issues. `namespace`: of the request, as policies match it. */
  readonly rates?: { readonly limits: PolicyRates; readonly namespace: string | undefined };
}

export interface SvidTerms extends CommonTerms {
  readonly kind: 'svid';
  /** RFC 5280 §4.2.1.3, decided by key kind and profile. */
  readonly keyUsage: readonly ('digitalSignature' | 'keyEncipherment')[];
  readonly extendedKeyUsage: readonly ('serverAuth' | 'clientAuth')[];
}

/** A certificate with the subject and names of its request. */
export interface NamedTerms extends CommonTerms {
  readonly kind: 'end-entity' | 'ca';
  /** SHA-256, hex, of the one request whose names are meant. */
  readonly csrSha256: string;
  /** None: the extension is left out, here and below. */
  readonly keyUsage: readonly KeyUsageName[];
  readonly extendedKeyUsage: readonly PurposeName[];
  /** Of a CA that signs certificates. */
  readonly pathLength?: number;
}

export type PermitTerms = SvidTerms | NamedTerms;

let mint: (terms: PermitTerms) => Permit;

/** Leave to sign exactly one certificate. Only `policy/decide.ts` may import `mintPermit`. */
export class Permit {
  readonly #granted = true;
  readonly terms: PermitTerms;

  private constructor(terms: PermitTerms) {
    this.terms = terms;
  }

  static isGranted(value: unknown): value is Permit {
    return typeof value === 'object' && value !== null && #granted in value && value.#granted;
  }

  static {
    mint = (terms) => new Permit(Object.freeze({ ...terms }));
  }
}

export function mintPermit(terms: PermitTerms): Permit {
  return mint(terms);
}
