import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { promisify } from 'node:util';
import { parseCheckpointText } from './checkpoint.ts';
import { Malformed } from './malformed.ts';
import type { NoteSignature } from './note.ts';
import { isKeyName, joinVkey, type NoteVerifier, parseVkey, splitVkey } from './vkey.ts';

/**
 * What a witness says of a checkpoint: that it is the largest it knows of this log, and that all before it are beginnings of
 * it (C2SP tlog-cosignature v1.1.0). Ed25519, and ML-DSA-44 for when quantum computers come.
 */

export const cosigningKinds = ['ed25519', 'ml-dsa-44'] as const;
export type CosigningKind = (typeof cosigningKinds)[number];

interface Form {
  readonly type: number;
  /** SubjectPublicKeyInfo up to the octets of the key. */
  readonly prefix: Buffer;
  readonly keyLength: number;
  readonly signatureLength: number;
  message(name: string, text: string, seconds: bigint): Buffer;
}

const forms: Readonly<Record<CosigningKind, Form>> = {
  ed25519: {
    type: 0x04,
    prefix: Buffer.from('302a300506032b6570032100', 'hex'),
    keyLength: 32,
    signatureLength: 64,
    message: (_, text, seconds) => Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`),
  },
  'ml-dsa-44': {
    type: 0x06,
    prefix: Buffer.from('30820532300b06096086480165030403110382052100', 'hex'),
    keyLength: 1_312,
    signatureLength: 2_420,
    message: subtreeMessage,
  },
};

const timeLength = 8;
const latest = 2n ** 63n - 1n;

/** A witness's key that signs. */
export interface Cosigner {
  readonly name: string;
  readonly vkey: string;
  /** `text`: of a checkpoint. `seconds` since the epoch, never 0. */
  cosign(text: string, seconds: number): Promise<NoteSignature>;
}

const signAside = promisify<null, Uint8Array, KeyObject, Buffer>(sign);

/** Throws RangeError for a key of another kind, and for a name that no key may have. */
export function cosigner(name: string, privateKey: KeyObject): Cosigner {
  const { form, material } = rawKey(createPublicKey(privateKey));
  const vkey = joinVkey(demandName(name), form.type, material);
  const { keyId } = splitVkey(vkey);
  return {
    name,
    vkey,
    async cosign(text, seconds) {
      const message = form.message(name, text, BigInt(seconds));
      return {
        name,
        keyId,
        signature: Buffer.concat([uint64(BigInt(seconds)), await signAside(null, message, privateKey)]),
      };
    },
  };
}

/** Reads the vkey of a witness. A signature without a time says less than a witness has to, and does not hold. Throws Malformed. */
export function parseWitnessVkey(vkey: string): NoteVerifier {
  return verifierOf(vkey, 1n);
}

/** Reads the vkey of anybody's log: of the kinds that ours has, or ML-DSA-44. Throws Malformed. */
export function parseLogVkey(vkey: string): NoteVerifier {
  return splitVkey(vkey).type === forms['ml-dsa-44'].type ? verifierOf(vkey, 0n) : parseVkey(vkey);
}

/** When it was made, ms since the epoch. */
export function cosignedAt({ signature }: NoteSignature): number {
  return Number(timeOf(signature) ?? 0n) * 1_000;
}

function verifierOf(vkey: string, earliest: bigint): NoteVerifier {
  const { name, keyId, type, material } = splitVkey(vkey);
  const form = Object.values(forms).find((each) => each.type === type);
  if (form?.keyLength !== material.length)
    throw new Malformed('verifier key: a witness has an Ed25519 (type 4) or ML-DSA-44 (type 6) key for cosignatures');
  const key = createPublicKey({ key: Buffer.concat([form.prefix, material]), format: 'der', type: 'spki' });
  const verifies = (text: Uint8Array, signature: Uint8Array) => {
    const seconds = timeOf(signature);
    if (seconds === undefined || seconds < earliest || seconds > latest) return false;
    if (signature.length !== timeLength + form.signatureLength) return false;
    try {
      const message = form.message(name, Buffer.from(text).toString('utf8'), seconds);
      return verify(null, message, key, signature.subarray(timeLength));
    } catch {
      return false;
    }
  };
  return { name, keyId, verifies };
}

function timeOf(signature: Uint8Array): bigint | undefined {
  if (signature.length < timeLength) return undefined;
  return new DataView(signature.buffer, signature.byteOffset, timeLength).getBigUint64(0);
}

function rawKey(publicKey: KeyObject): { form: Form; material: Uint8Array } {
  const kind = cosigningKinds.find((each) => each === publicKey.asymmetricKeyType);
  if (kind === undefined)
    throw new RangeError(`a witness signs with ${cosigningKinds.join(' or ')}, not ${publicKey.asymmetricKeyType}`);
  const form = forms[kind];
  return { form, material: publicKey.export({ type: 'spki', format: 'der' }).subarray(form.prefix.length) };
}

/** `cosigned_message` of the whole tree: names have a length of one octet. */
function subtreeMessage(name: string, text: string, seconds: bigint): Buffer {
  const { origin, size, root } = parseCheckpointText(text);
  const parts = [short(name), uint64(seconds), short(origin), uint64(0n), uint64(BigInt(size)), root];
  return Buffer.concat([Buffer.from('subtree/v1\n\0'), ...parts]);
}

const longestName = 255;

function demandName(name: string): string {
  if (!isKeyName(name) || Buffer.byteLength(name) > longestName)
    throw new RangeError(`a witness's name has no spaces, no "+" and at most ${longestName} octets`);
  return name;
}

function short(text: string): Buffer {
  const octets = Buffer.from(text);
  if (octets.length > longestName) throw new RangeError(`a name of ${octets.length} octets cannot be cosigned`);
  return Buffer.concat([Uint8Array.of(octets.length), octets]);
}

function uint64(value: bigint): Buffer {
  const octets = Buffer.alloc(8);
  octets.writeBigUInt64BE(value);
  return octets;
}
