import { createECDH, createPrivateKey, createPublicKey, hash } from 'node:crypto';
import { type PublicKey, readSpki } from '#x509/keys/public-key.ts';
import { type Kind, kindOfKey } from './plan.ts';

const known = new Map<number, PublicKey>();

/** Keys that are the same on every machine, so that two runs write of the same. */
export function keyOf(index: number): PublicKey {
  const key = known.get(index) ?? readSpki(spkiOf(kindOfKey(index), hash('sha384', `key ${index}`, 'buffer')));
  known.set(index, key);
  return key;
}

const asSpki = { type: 'spki', format: 'der' } as const;

function spkiOf(kind: Kind, seed: Buffer): Uint8Array {
  if (kind === 'ed25519') {
    const key = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed.subarray(0, 32)]);
    return createPublicKey(createPrivateKey({ key, type: 'pkcs8', format: 'der' })).export(asSpki);
  }
  const [curve, length] = kind === 'ec:P-256' ? (['prime256v1', 32] as const) : (['secp384r1', 48] as const);
  const pair = createECDH(curve);
  // a first octet so small that the number is below the order of the curve
  pair.setPrivateKey(Buffer.concat([Buffer.of(1), seed.subarray(1, length)]));
  const point = pair.getPublicKey();
  const x = point.subarray(1, 1 + length).toString('base64url');
  const y = point.subarray(1 + length).toString('base64url');
  return createPublicKey({ key: { kty: 'EC', crv: kind.slice(3), x, y }, format: 'jwk' }).export(asSpki);
}
