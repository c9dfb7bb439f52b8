import { Refusal } from '#refusal/refusal.ts';
import { oidText } from '../der/oid.ts';
import { DerReader } from '../der/reader.ts';
import { tag } from '../der/tags.ts';

const ecPublicKey = '1.2.840.10045.2.1';

/** Of these we take one byte form; any other form of them is a malformed key rather than an unwanted one. */
const taken: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.1.1': 'RSA keys carry NULL parameters',
  '1.3.101.112': 'Ed25519 keys have no parameters and 32 octets',
  '2.16.840.1.101.3.4.3.17': 'ML-DSA-44 keys have no parameters and 1312 octets',
  '2.16.840.1.101.3.4.3.18': 'ML-DSA-65 keys have no parameters and 1952 octets',
  '2.16.840.1.101.3.4.3.19': 'ML-DSA-87 keys have no parameters and 2592 octets',
};

const takenCurves: ReadonlySet<string> = new Set(['1.2.840.10045.3.1.7', '1.3.132.0.34', '1.3.132.0.35']);

/** Names for the message only. */
const names: Readonly<Record<string, string>> = {
  '1.2.840.10040.4.1': 'DSA',
  '1.2.840.113549.1.1.10': 'RSASSA-PSS',
  '1.3.101.113': 'Ed448',
  '1.2.840.10045.3.1.1': 'curve P-192',
  '1.3.132.0.33': 'curve P-224',
  '1.3.132.0.10': 'curve secp256k1',
  '1.3.36.3.3.2.8.1.1.7': 'curve brainpoolP256r1',
  '1.3.36.3.3.2.8.1.1.11': 'curve brainpoolP384r1',
  '1.3.36.3.3.2.8.1.1.13': 'curve brainpoolP512r1',
};

/** Says what is wrong with a key whose AlgorithmIdentifier is none of ours. Throws Refusal or DerError. */
export function refuseUnsupported(algorithm: Uint8Array): never {
  const outer = DerReader.over(algorithm);
  const fields = outer.sequence();
  outer.finish();
  const type = oidText(fields.oid());
  if (type === ecPublicKey) refuseCurve(fields);
  const form = taken[type];
  if (form !== undefined) throw new Refusal('key.malformed', `the public key has another form than ours: ${form}`);
  notAllowed(type);
}

function refuseCurve(fields: DerReader): never {
  if (fields.next !== tag.oid)
    throw new Refusal('key.malformed', 'an EC key must name its curve; parameters are not taken');
  const curve = oidText(fields.oid());
  if (!takenCurves.has(curve)) notAllowed(curve);
  throw new Refusal('key.malformed', 'an EC key must be an uncompressed point of exactly its curve');
}

function notAllowed(oid: string): never {
  const known = names[oid];
  const what = known === undefined ? `an algorithm (${oid})` : known;
  throw new Refusal('key.not-allowed', `the public key uses ${what}, which nobody may use here`, { oid });
}
