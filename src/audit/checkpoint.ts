import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import { Malformed } from './malformed.ts';
import { hashLength } from './merkle.ts';
import { formatNote, type Note, type NoteSignature, parseNote, verifyNote } from './note.ts';
import { decodeBase64, demandKeyName, formatVkey, isKeyName, keyLabel, type NoteVerifier, parseVkey } from './vkey.ts';

/** What a log says of itself (C2SP tlog-checkpoint v1.0.0). */
export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
}

/** The log's own keys, wherever they live; never a CA's key. */
export interface CheckpointSigner {
  /** The log's origin, which is also the name of its keys. */
  readonly origin: string;
  /** Vkeys: what this log has signed so far is signed by one of them. */
  readonly known: readonly string[];
  /** A signature by each key that signs at present, one at least, all of which hold. */
  sign(text: Uint8Array): Promise<readonly NoteSignature[]>;
}

/** A signer that has one key. */
export interface CheckpointKey extends CheckpointSigner {
  /** The public key as a C2SP verifier key. */
  readonly vkey: string;
}

/** `sign`: Ed25519 over the text, or ECDSA with SHA-256 in DER. Throws RangeError for a key of another kind. */
export function checkpointKey(
  origin: string,
  publicKey: KeyObject,
  sign: (text: Uint8Array) => Promise<Uint8Array>,
): CheckpointKey {
  const vkey = formatVkey(origin, publicKey);
  const { name, keyId, verifies } = parseVkey(vkey);
  return {
    origin,
    vkey,
    known: [vkey],
    async sign(text) {
      const signature = await sign(text);
      if (!verifies(text, signature)) throw new Error(`the log's key ${vkey} gave a signature that does not hold`);
      return [{ name, keyId, signature }];
    },
  };
}

/** The signed text: three lines, no extensions (ML-DSA cosignatures would not cover them). */
export function checkpointText({ origin, size, root }: Checkpoint): string {
  return `${demandKeyName(origin)}\n${size}\n${Buffer.from(root).toString('base64')}\n`;
}

export async function signCheckpoint(signer: CheckpointSigner, size: number, root: Uint8Array): Promise<string> {
  const text = checkpointText({ origin: signer.origin, size, root });
  return formatNote({ text, signatures: await signer.sign(Buffer.from(text)) });
}

export interface ReadCheckpoint extends Checkpoint {
  readonly note: Note;
}

/** Reads a checkpoint without checking its signatures. Throws Malformed. */
export function parseCheckpoint(bytes: Uint8Array): ReadCheckpoint {
  const note = parseNote(bytes);
  return { ...parseCheckpointText(note.text), note };
}

/** Reads what a checkpoint's signatures are over. Throws Malformed. */
export function parseCheckpointText(text: string): Checkpoint {
  const [origin = '', decimal = '', base64 = ''] = text.split('\n');
  const root = decodeBase64(base64);
  const size = Number(decimal);
  if (!isKeyName(origin)) throw new Malformed('checkpoint: its first line must be the origin');
  if (!/^(0|[1-9][0-9]*)$/.test(decimal) || !Number.isSafeInteger(size)) {
    throw new Malformed('checkpoint: its second line must be the size, in decimal');
  }
  if (root?.length !== hashLength)
    throw new Malformed('checkpoint: its third line must be the base64 root of 32 octets');
  return { origin, size, root };
}

/** Reads a checkpoint and demands a signature by one of `verifiers`, whose name must be its origin. Throws Malformed. */
export function openCheckpoint(bytes: Uint8Array, ...verifiers: readonly NoteVerifier[]): ReadCheckpoint {
  const checkpoint = parseCheckpoint(bytes);
  const own = verifiers.filter(({ name }) => name === checkpoint.origin);
  if (own.length === 0) {
    const names = verifiers.map(({ name }) => name).join(' and ');
    throw new Malformed(`checkpoint: its origin is ${checkpoint.origin}, the key's is ${names}`);
  }
  if (verifyNote(checkpoint.note, own).length === 0) {
    throw new Malformed(`checkpoint: no signature by the key ${own.map(keyLabel).join(' or ')}`);
  }
  return checkpoint;
}

/** A signer whose key is in this process: Ed25519 or ECDSA. */
export function softwareCheckpointSigner(privateKey: KeyObject, origin: string): CheckpointKey {
  const digest = privateKey.asymmetricKeyType === 'ec' ? 'sha256' : null;
  return checkpointKey(origin, createPublicKey(privateKey), async (text) => sign(digest, text, privateKey));
}
