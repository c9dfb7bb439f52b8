import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import graphene from 'graphene-pk11';
import { KeyStoreError } from '../key-store-error.ts';
import { calling } from './return-value.ts';

const keyTypes = { rsa: 0x00, ec: 0x03, edwards: 0x40 } as const;

/** CKA_EC_PARAMS as tokens write it, and octets of a coordinate. */
const curves: Readonly<Record<string, { readonly crv: string; readonly size: number }>> = {
  '06082a8648ce3d030107': { crv: 'P-256', size: 32 },
  '06052b81040022': { crv: 'P-384', size: 48 },
  '06052b81040023': { crv: 'P-521', size: 66 },
};

/**
 * The public key that belongs to a private one: from the public key object of the same CKA_ID, else from a
 * certificate of the same CKA_ID, else (RSA) from the private key object. Throws KeyStoreError `no-key`.
 */
export function publicKeyOf(session: graphene.Session, privateKey: graphene.SessionObject, name: string): KeyObject {
  const id = bytes(privateKey, 'id');
  const { PUBLIC_KEY, CERTIFICATE } = graphene.ObjectClass;
  const found = calling('looking for the public key', () => [...session.find({ class: PUBLIC_KEY, id })]);
  if (found[0] !== undefined) return fromObject(found[0], name);
  const certificates = calling('looking for the certificate', () => [...session.find({ class: CERTIFICATE, id })]);
  if (certificates[0] !== undefined) return new X509Certificate(bytes(certificates[0], 'value')).publicKey;
  if (keyType(privateKey) === keyTypes.rsa) return fromObject(privateKey, name);
  throw new KeyStoreError(
    'no-key',
    `the token has the private key ${name} but neither public key nor certificate with the same CKA_ID; store one of them`,
  );
}

function fromObject(object: graphene.SessionObject, name: string): KeyObject {
  const jwk = asJwk(object);
  if (jwk === undefined)
    throw new KeyStoreError('mechanism', `the key ${name} is of a kind or curve that is not used here`);
  try {
    return createPublicKey({ key: jwk, format: 'jwk' });
  } catch (cause) {
    throw new KeyStoreError('token', `the token gives a public key for ${name} that is not one`, { cause });
  }
}

function asJwk(object: graphene.SessionObject) {
  const text = (octets: Uint8Array) => Buffer.from(octets).toString('base64url');
  switch (keyType(object)) {
    case keyTypes.rsa:
      return { kty: 'RSA', n: text(bytes(object, 'modulus')), e: text(bytes(object, 'publicExponent')) };
    case keyTypes.edwards: {
      const point = bytes(object, 'pointEC');
      return { kty: 'OKP', crv: 'Ed25519', x: text(pointOctets(point, 32)) };
    }
    case keyTypes.ec: {
      // graphene reads CKA_EC_PARAMS under the attribute's older name only.
      const curve = curves[bytes(object, 'paramsECDSA').toString('hex')];
      if (curve === undefined) return undefined;
      const point = pointOctets(bytes(object, 'pointEC'), 2 * curve.size + 1);
      const [x, y] = [point.subarray(1, 1 + curve.size), point.subarray(1 + curve.size)];
      return { kty: 'EC', crv: curve.crv, x: text(x), y: text(y) };
    }
    default:
      return undefined;
  }
}

/** CKA_EC_POINT is an OCTET STRING around the point (PKCS#11 v3.1 §6.3.3); some tokens leave the wrapping out. */
function pointOctets(value: Uint8Array, length: number): Uint8Array {
  const header = value.length - length;
  if (header < 0 || header > 3) throw new KeyStoreError('token', 'the token gives a public point of the wrong length');
  return value.subarray(header);
}

function keyType(object: graphene.SessionObject): unknown {
  return calling('reading the key type', () => object.getAttribute('keyType'));
}

function bytes(object: graphene.SessionObject, attribute: string): Buffer {
  const value: unknown = calling(`reading ${attribute}`, () => object.getAttribute(attribute));
  if (Buffer.isBuffer(value)) return value;
  throw new KeyStoreError('token', `the token has no ${attribute} for this object`);
}
