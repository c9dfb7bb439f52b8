import type { KeyKind, SignatureAlgorithm } from '#x509/algorithms.ts';

/**
 * Keys that the floor lets through to policy at all (FIPS 186-5; contract §2.1): exact curves, exact sizes.
 * RSA-1024, P-192, P-224, secp256k1, brainpool and DSA have no name here and so cannot be allowed.
 */
export const floorKeys = [
  'ec:P-256',
  'ec:P-384',
  'ec:P-521',
  'rsa:2048',
  'rsa:3072',
  'rsa:4096',
  'ed25519',
  'ml-dsa-44',
  'ml-dsa-65',
  'ml-dsa-87',
] as const satisfies readonly KeyKind[];
export type FloorKey = (typeof floorKeys)[number];

/** SHA-1 and SHA-224 have no name here. */
export const floorSignatures = [
  'ecdsa-sha256',
  'ecdsa-sha384',
  'ecdsa-sha512',
  'rsa-sha256',
  'rsa-sha384',
  'rsa-sha512',
  'rsa-pss-sha256',
  'rsa-pss-sha384',
  'rsa-pss-sha512',
  'ed25519',
  'ml-dsa-44',
  'ml-dsa-65',
  'ml-dsa-87',
] as const satisfies readonly SignatureAlgorithm[];

export const profileNames = ['fips', 'cnsa-1', 'cnsa-2', 'interop'] as const;
export type ProfileName = (typeof profileNames)[number];

/** A named set of algorithms that leaf key, CSR signature, issuer's key and issuer's signature must all be in. */
export interface AlgorithmProfile {
  readonly name: ProfileName;
  readonly keys: readonly FloorKey[];
  readonly signatures: readonly SignatureAlgorithm[];
}

/** What a policy's `require` comes to. Every profile is within the FIPS-approved algorithms, so `fips` adds none to it. */
export function requiredProfile(
  require: { readonly fips?: string; readonly profile?: ProfileName } | undefined,
): ProfileName | undefined {
  return require?.profile ?? (require?.fips === undefined ? undefined : 'fips');
}

const nistCurves = ['ec:P-256', 'ec:P-384', 'ec:P-521'] as const;
const rsa = ['rsa:2048', 'rsa:3072', 'rsa:4096'] as const;
const mlDsa = ['ml-dsa-44', 'ml-dsa-65', 'ml-dsa-87'] as const;
const ecdsa = ['ecdsa-sha256', 'ecdsa-sha384', 'ecdsa-sha512'] as const;
const pkcs1 = ['rsa-sha256', 'rsa-sha384', 'rsa-sha512'] as const;
const pss = ['rsa-pss-sha256', 'rsa-pss-sha384', 'rsa-pss-sha512'] as const;

export const profiles: Readonly<Record<ProfileName, AlgorithmProfile>> = {
  // Ed25519 is approved since FIPS 186-5, but modules validated before it and most HSMs do not have it.
  fips: { name: 'fips', keys: [...nistCurves, ...rsa, ...mlDsa], signatures: [...ecdsa, ...pkcs1, ...pss, ...mlDsa] },
  'cnsa-1': {
    name: 'cnsa-1',
    keys: ['ec:P-384', 'rsa:3072', 'rsa:4096'],
    signatures: ['ecdsa-sha384', 'rsa-sha384', 'rsa-pss-sha384'],
  },
  'cnsa-2': { name: 'cnsa-2', keys: ['ml-dsa-87'], signatures: ['ml-dsa-87'] },
  // What every Envoy, ztunnel and Go client in the field verifies.
  interop: {
    name: 'interop',
    keys: ['ec:P-256', 'ec:P-384', ...rsa],
    signatures: ['ecdsa-sha256', 'ecdsa-sha384', ...pkcs1, ...pss],
  },
};
