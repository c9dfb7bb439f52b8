import { createPublicKey, hash, type KeyObject, verify } from 'node:crypto';
import { Malformed } from './malformed.ts';

/** Keys of signed notes (C2SP signed-note): a name, a four-octet key id and a public key, written `name+id+key`. */

export const ed25519NoteKey = 0x01;
export const ecdsaNoteKey = 0x02;

export interface NoteVerifier {
  readonly name: string;
  /** The four octets in front of each of its signatures, as a number. */
  readonly keyId: number;
  verifies(text: Uint8Array, signature: Uint8Array): boolean;
}

/** A key's name may hold no `+`, no white space and no control character. */
export function isKeyName(name: string): boolean {
  return name.length > 0 && name.isWellFormed() && !/[+\s\p{Cc}\u0085]/u.test(name);
}

export function demandKeyName(name: string): string {
  if (!isKeyName(name)) {
    throw new RangeError(
      `a log's origin must be a name without spaces, "+" or control characters, not ${JSON.stringify(name)}`,
    );
  }
  return name;
}

/** The vkey of an Ed25519 or ECDSA public key. */
export function formatVkey(name: string, publicKey: KeyObject): string {
  const { type, material } = encodeKey(publicKey);
  return joinVkey(demandKeyName(name), type, material);
}

export function joinVkey(name: string, type: number, material: Uint8Array): string {
  const id = keyIdOf(name, type, material).toString(16).padStart(8, '0');
  return `${name}+${id}+${Buffer.concat([Uint8Array.of(type), material]).toString('base64')}`;
}

/** Reads the vkey of a log. Throws Malformed, naming the part that is wrong. */
export function parseVkey(vkey: string): NoteVerifier {
  const { name, keyId, type, material } = splitVkey(vkey);
  const publicKey = decodeKey(type, material);
  const digest = type === ecdsaNoteKey ? 'sha256' : null;
  return { name, keyId, verifies: (text, signature) => verifies(digest, text, publicKey, signature) };
}

/** A vkey in its parts, whatever kind of key it is of; `material` comes after the octet of the type. */
export interface VkeyParts {
  readonly name: string;
  readonly keyId: number;
  readonly type: number;
  readonly material: Uint8Array;
}

/** Throws Malformed, also for an id that is not of this name and key. */
export function splitVkey(vkey: string): VkeyParts {
  const [name = '', id = '', ...rest] = vkey.trim().split('+');
  const key = decodeBase64(rest.join('+'));
  if (!isKeyName(name)) throw new Malformed('verifier key: its name is missing or holds white space');
  if (!/^[0-9a-f]{8}$/.test(id)) throw new Malformed('verifier key: its id must be 8 hexadecimal digits');
  if (key === undefined || key.length < 2) throw new Malformed('verifier key: its last part must be base64 of the key');
  const [type = 0] = key;
  const material = key.subarray(1);
  const keyId = keyIdOf(name, type, material);
  if (keyId !== Number.parseInt(id, 16))
    throw new Malformed('verifier key: its id does not belong to this name and key');
  return { name, keyId, type, material };
}

/** Vkeys, one a line: those of a log whose key is being replaced. Throws Malformed, also where there is none. */
export function parseVkeys(text: string): NoteVerifier[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  if (lines.length === 0) throw new Malformed('verifier key: there is none');
  return lines.map(parseVkey);
}

/** Name and id of a key, as people tell keys apart. */
export function keyLabel({ name, keyId }: Pick<NoteVerifier, 'name' | 'keyId'>): string {
  return `${name}+${keyId.toString(16).padStart(8, '0')}`;
}

function verifies(digest: string | null, text: Uint8Array, key: KeyObject, signature: Uint8Array): boolean {
  try {
    return verify(digest, text, key, signature);
  } catch {
    return false;
  }
}

function encodeKey(publicKey: KeyObject): { type: number; material: Uint8Array } {
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  switch (publicKey.asymmetricKeyType) {
    case 'ed25519':
      return { type: ed25519NoteKey, material: spki.subarray(ed25519Prefix.length) };
    case 'ec':
      return { type: ecdsaNoteKey, material: spki };
    default:
      throw new RangeError(`a log is signed with Ed25519 or ECDSA, not ${publicKey.asymmetricKeyType}`);
  }
}

// SubjectPublicKeyInfo of an Ed25519 key up to the 32 octets of the key (RFC 8410 §4).
const ed25519Prefix = Buffer.from('302a300506032b6570032100', 'hex');

function decodeKey(type: number, material: Uint8Array): KeyObject {
  try {
    if (type === ed25519NoteKey && material.length === 32) {
      return createPublicKey({ key: Buffer.concat([ed25519Prefix, material]), format: 'der', type: 'spki' });
    }
    if (type === ecdsaNoteKey) {
      const key = createPublicKey({ key: Buffer.from(material), format: 'der', type: 'spki' });
      if (key.asymmetricKeyType === 'ec') return key;
    }
  } catch (cause) {
    throw new Malformed('verifier key: the public key cannot be read', { cause });
  }
  throw new Malformed('verifier key: only Ed25519 (type 1) and ECDSA (type 2) keys are known');
}

/** Key id of C2SP signed-note; ECDSA's comes of the SPKI alone. */
function keyIdOf(name: string, type: number, material: Uint8Array): number {
  const named = Buffer.concat([Buffer.from(`${name}\n`), Uint8Array.of(type), material]);
  return hash('sha256', type === ecdsaNoteKey ? material : named, 'buffer').readUInt32BE(0);
}

/** Strict base64: undefined unless `text` is exactly what the encoder writes. */
export function decodeBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}
