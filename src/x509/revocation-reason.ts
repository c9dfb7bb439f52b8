/**
 * CRLReason (RFC 5280 §5.3.1), in a CRL and in OCSP. Number 7 is nobody's; removeFromCRL (8) is for delta CRLs alone, which
 * are neither written nor read here.
 */
const numbers = {
  unspecified: 0,
  keyCompromise: 1,
  cACompromise: 2,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  certificateHold: 6,
  privilegeWithdrawn: 9,
  aACompromise: 10,
} as const;
export type RevocationReason = keyof typeof numbers;

export const revocationReasons = Object.keys(numbers).filter((name): name is RevocationReason => name in numbers);

export const reasonNumber = (reason: RevocationReason): number => numbers[reason];

export const reasonOf = (number: number): RevocationReason | undefined =>
  revocationReasons.find((reason) => numbers[reason] === number);
