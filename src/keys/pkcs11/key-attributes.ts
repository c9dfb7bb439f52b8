import type graphene from 'graphene-pk11';
import { KeyStoreError } from '../key-store-error.ts';

/** What is written to the record of a private key (audit contract §6.3). */
export interface KeyAttributes {
  readonly sensitive: boolean;
  readonly extractable: boolean;
  readonly neverExtractable: boolean;
  readonly alwaysSensitive: boolean;
  readonly local: boolean;
}

/** Asked for when a CA key is made: it signs, does nothing else, and never leaves the token. */
export const privateKeyTemplate: graphene.ITemplate = {
  token: true,
  private: true,
  sensitive: true,
  extractable: false,
  sign: true,
  signRecover: false,
  decrypt: false,
  unwrap: false,
  derive: false,
};

export const publicKeyTemplate: graphene.ITemplate = {
  token: true,
  private: false,
  verify: true,
  verifyRecover: false,
  encrypt: false,
  wrap: false,
};

type Demand = readonly [name: string, wanted: boolean, why: string];

const demands: readonly Demand[] = [
  ['sensitive', true, 'the token would show it in plain'],
  ['alwaysSensitive', true, 'it could once be read in plain'],
  ['extractable', false, 'it can be copied out of the token'],
  ['neverExtractable', true, 'it could once be copied out of the token'],
  ['local', true, 'it was imported, so copies can exist outside the token'],
  ['sign', true, 'it cannot sign'],
];
/** Absent counts as false: a token need not have an attribute for what a kind of key cannot do. */
const otherUses: readonly Demand[] = [
  ['signRecover', false, 'a CA key only signs'],
  ['decrypt', false, 'a CA key only signs'],
  ['unwrap', false, 'a CA key only signs'],
  ['derive', false, 'a CA key only signs'],
];

/** Throws KeyStoreError `attribute` that names every attribute that is not as a CA key's must be. */
export function demandCaKeyAttributes(key: graphene.SessionObject, name: string): KeyAttributes {
  const value = new Map<string, boolean | undefined>();
  for (const [attribute] of [...demands, ...otherUses]) value.set(attribute, read(key, attribute));
  const wrong = [
    ...demands.filter(([attribute, wanted]) => value.get(attribute) !== wanted),
    ...otherUses.filter(([attribute]) => value.get(attribute) === true),
  ];
  if (wrong.length > 0) {
    const list = wrong.map(([attribute, wanted, why]) => `${ckaName(attribute)} must be ${wanted} (${why})`).join('; ');
    throw new KeyStoreError(
      'attribute',
      `the key ${name} is not fit to be a CA key: ${list}. Make a new one by a ceremony`,
    );
  }
  const is = (attribute: string) => value.get(attribute) === true;
  return {
    sensitive: is('sensitive'),
    extractable: is('extractable'),
    neverExtractable: is('neverExtractable'),
    alwaysSensitive: is('alwaysSensitive'),
    local: is('local'),
  };
}

function read(key: graphene.SessionObject, attribute: string): boolean | undefined {
  try {
    const value: unknown = key.getAttribute(attribute);
    return typeof value === 'boolean' ? value : undefined;
  } catch {
    return undefined;
  }
}

/** `neverExtractable` → `CKA_NEVER_EXTRACTABLE`. */
function ckaName(attribute: string): string {
  return `CKA_${attribute.replace(/[A-Z]/g, '_$&').toUpperCase()}`;
}
