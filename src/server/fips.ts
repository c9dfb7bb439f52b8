import { type AlgorithmProfile, profiles } from '#policy/approved.ts';
import type { PolicySet } from '#policy/set.ts';
import type { KeyKind } from '#x509/algorithms.ts';

/**
 * TLS at FIPS level "policy": NIST curves and AES-GCM only, and ML-KEM with either curve: the secret of an approved
 * scheme stays one when another is hashed in with it, and agents in mode `pqc` offer X25519MLKEM768 alone.
 */
export const fipsTls = {
  groups: ['SecP256r1MLKEM768', 'X25519MLKEM768', 'P-256', 'P-384'],
  ciphers: [
    'TLS_AES_128_GCM_SHA256',
    'TLS_AES_256_GCM_SHA384',
    'ECDHE-ECDSA-AES128-GCM-SHA256',
    'ECDHE-RSA-AES128-GCM-SHA256',
    'ECDHE-ECDSA-AES256-GCM-SHA384',
    'ECDHE-RSA-AES256-GCM-SHA384',
  ],
} as const;

/** The configuration asks for approved algorithms and something in it would not hold to that. */
export class FipsLevelError extends Error {
  override readonly name = 'FipsLevelError';
}

/** Level "policy": every key that signs is of an approved kind. Throws FipsLevelError. */
export function demandApprovedKeys(keys: readonly { readonly what: string; readonly kind: KeyKind }[]): void {
  const approved: readonly string[] = profiles.fips.keys;
  for (const { what, kind } of keys) {
    if (!approved.includes(kind)) {
      throw new FipsLevelError(`fips.level is "policy" and ${what} is ${kind}; approved are ${approved.join(', ')}`);
    }
  }
}

/** Level "policy": every policy that allows names a profile, and nothing outside the approved is in it. Throws FipsLevelError. */
export function demandApprovedPolicies({ allows }: Pick<PolicySet, 'allows'>): void {
  const lax = allows.find(({ level }) => level === undefined || !isApproved(profiles[level]));
  if (lax !== undefined) {
    throw new FipsLevelError(
      `fips.level is "policy" and policy "${lax.name}" does not say "require: {fips: policy}"; see policies/fips.yaml`,
    );
  }
}

function isApproved({ keys, signatures }: AlgorithmProfile): boolean {
  const { fips } = profiles;
  return keys.every((key) => fips.keys.includes(key)) && signatures.every((name) => fips.signatures.includes(name));
}
