import type graphene from 'graphene-pk11';
import type { KeyKind } from '#x509/algorithms.ts';
import { KeyStoreError } from '../key-store-error.ts';

const der = (hex: string) => Buffer.from(hex, 'hex');

/** CKA_EC_PARAMS: namedCurve OIDs; Ed25519 as PrintableString, which SoftHSM 2.6 and PKCS#11 v3.0 take. */
const curveParameters: Partial<Record<KeyKind, Buffer>> = {
  'ec:P-256': der('06082a8648ce3d030107'),
  'ec:P-384': der('06052b81040022'),
  'ec:P-521': der('06052b81040023'),
};
const ed25519Parameters = der('130c656477617264733235353139');
/** 65537. */
const publicExponent = Buffer.from([1, 0, 1]);

const generationMechanism = { rsa: 0x0000, ec: 0x1040, edwards: 0x1055 } as const;

/** Mechanism and public template that make a key of that kind. Throws KeyStoreError `mechanism`. */
export function keyGeneration(kind: KeyKind): {
  readonly mechanism: graphene.IAlgorithm;
  readonly publicTemplate: graphene.ITemplate;
} {
  const paramsEC = curveParameters[kind];
  if (paramsEC !== undefined) return { mechanism: named(generationMechanism.ec), publicTemplate: { paramsEC } };
  if (kind === 'ed25519') {
    return { mechanism: named(generationMechanism.edwards), publicTemplate: { paramsEC: ed25519Parameters } };
  }
  if (kind === 'rsa:2048' || kind === 'rsa:3072' || kind === 'rsa:4096') {
    const modulusBits = Number(kind.slice(4));
    return { mechanism: named(generationMechanism.rsa), publicTemplate: { modulusBits, publicExponent } };
  }
  throw new KeyStoreError('mechanism', `a key of kind ${kind} cannot be made in a PKCS#11 token here`);
}

const named = (name: number): graphene.IAlgorithm => ({ name, params: null });
