import graphene from 'graphene-pk11';
import { KeyStoreError } from '../key-store-error.ts';
import { calling } from './return-value.ts';

/** How a key is named in a token; at least one of the two. */
export interface KeyName {
  /** CKA_LABEL. */
  readonly label?: string;
  /** CKA_ID. */
  readonly id?: Uint8Array;
}

/** The private key of that name, or undefined. Throws KeyStoreError `several-keys`. */
export function findPrivateKey(session: graphene.Session, name: KeyName): graphene.SessionObject | undefined {
  const [key, ...others] = objectsNamed(session, graphene.ObjectClass.PRIVATE_KEY, name);
  if (others.length > 0) {
    throw new KeyStoreError(
      'several-keys',
      `${others.length + 1} private keys in the token fit ${describeKey(name)}; name it by both object and id`,
    );
  }
  return key;
}

/** Throws KeyStoreError `no-key` or `several-keys`. */
export function privateKeyNamed(session: graphene.Session, name: KeyName): graphene.SessionObject {
  const key = findPrivateKey(session, name);
  if (key === undefined) {
    throw new KeyStoreError(
      'no-key',
      `the token holds no private key with ${describeKey(name)}; make it by a ceremony, or correct the name`,
    );
  }
  return key;
}

export function objectsNamed(
  session: graphene.Session,
  kind: number,
  { label, id }: KeyName,
): graphene.SessionObject[] {
  if (label === undefined && id === undefined) {
    throw new KeyStoreError('uri', 'the PKCS#11 URI names no key: give object, id or both');
  }
  const template: graphene.ITemplate = { class: kind, token: true };
  if (label !== undefined) template.label = label;
  if (id !== undefined) template.id = Buffer.from(id);
  return calling('looking for an object', () => [...session.find(template)]);
}

export function describeKey({ label, id }: KeyName): string {
  const parts = [];
  if (label !== undefined) parts.push(`object=${label}`);
  if (id !== undefined) parts.push(`id=${Buffer.from(id).toString('hex')}`);
  return parts.join(' and ');
}
