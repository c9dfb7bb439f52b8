import { generateKeyPairSync, hash, type KeyObject, sign } from 'node:crypto';
import type { NoteSignature } from '#audit/note.ts';

/** Who signs checkpoints of others (C2SP tlog-cosignature): a vkey and a signature over a note's text. */
export interface Cosigner {
  readonly vkey: string;
  cosign(text: string, seconds: number): NoteSignature;
}

const kinds = { ed25519: 0x04, 'ml-dsa-44': 0x06 } as const;

/** A cosigner of our own making, for programs that read what others write. */
export function cosigner(kind: keyof typeof kinds, name: string): Cosigner {
  const { publicKey, privateKey } = kind === 'ed25519' ? generateKeyPairSync(kind) : generateKeyPairSync(kind);
  const material = Buffer.concat([Uint8Array.of(kinds[kind]), rawKey(publicKey)]);
  const id = hash('sha256', Buffer.concat([Buffer.from(`${name}\n`), material]), 'buffer').subarray(0, 4);
  return {
    vkey: `${name}+${id.toString('hex')}+${material.toString('base64')}`,
    cosign(text, seconds) {
      const message = kind === 'ed25519' ? noteMessage(text, seconds) : subtreeMessage(name, text, seconds);
      const signature = Buffer.concat([uint64(seconds), sign(null, message, privateKey)]);
      return { name, keyId: id.readUInt32BE(0), signature };
    },
  };
}

/** Octets of the key that ends the SubjectPublicKeyInfo. */
function rawKey(publicKey: KeyObject): Buffer {
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  return spki.subarray(spki.length - (publicKey.asymmetricKeyType === 'ed25519' ? 32 : 1_312));
}

const noteMessage = (text: string, seconds: number) => Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`);

function subtreeMessage(name: string, text: string, seconds: number): Buffer {
  const [origin = '', size = '', root = ''] = text.split('\n');
  return Buffer.concat([
    Buffer.from('subtree/v1\n\0'),
    short(name),
    uint64(seconds),
    short(origin),
    uint64(0),
    uint64(Number(size)),
    Buffer.from(root, 'base64'),
  ]);
}

const short = (text: string) => Buffer.concat([Uint8Array.of(Buffer.byteLength(text)), Buffer.from(text)]);

function uint64(value: number): Buffer {
  const octets = Buffer.alloc(8);
  octets.writeBigUInt64BE(BigInt(value));
  return octets;
}
