import type { NamedWish } from '#policy/question.ts';
import type { IssuerSpec } from './issuer-spec.ts';
import type { Usages } from './key-usages.ts';

export interface Asked {
  /** 0 where none are asked for. */
  readonly seconds: number;
  readonly isCA: boolean;
  readonly usages: Usages;
}

/** Of a request that is refused before its words count. */
export const nothingAsked: Asked = { seconds: 0, isCA: false, usages: { keyUsage: [], extendedKeyUsage: [] } };

/** What is asked for, and what the issuer makes of it. `offers`: absent where it is not known, and nothing will be signed. */
export function issuerWish({ seconds, isCA, usages }: Asked, offers: IssuerSpec | undefined): NamedWish {
  return {
    kind: isCA ? 'ca' : 'end-entity',
    ...usages,
    ttl: BigInt(seconds > 0 ? seconds : (offers?.defaultSeconds ?? 0)),
    ttlFrom: 'notBefore',
    ttlAbove: 'clamp',
    ...(offers?.maxSeconds !== undefined && { ttlAtMost: offers.maxSeconds }),
    ...(offers?.issuer !== undefined && { signer: offers.issuer }),
  };
}
