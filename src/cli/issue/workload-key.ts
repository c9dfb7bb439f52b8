import { createPublicKey, generateKeyPair, type KeyObject, sign } from 'node:crypto';
import { promisify } from 'node:util';
import { signatureAlgorithmOf } from '#keys/key-kind.ts';
import type { Der, KeyKind } from '#x509/algorithms.ts';
import { toPem } from '#x509/pem.ts';
import { assembleRequest, workloadRequestInfo } from '#x509/profile/certification-request.ts';
import { Failure } from '../failure.ts';

/** Kinds that may be asked for: weak ones too, for a refusal must be testable; the CA's policy decides. */
export type WorkloadKeyKind = Extract<KeyKind, `ec:${string}` | `rsa:${number}` | 'ed25519'>;

/** Throws Failure `usage`. */
export function parseKeyKind(text: string): WorkloadKeyKind {
  if (text === 'ec:P-256' || text === 'ec:P-384' || text === 'ec:P-521' || text === 'ed25519') return text;
  const bits = /^rsa:([1-9][0-9]{2,4})$/.exec(text)?.[1];
  if (bits !== undefined && Number(bits) >= 512 && Number(bits) <= 8192) return `rsa:${Number(bits)}`;
  throw new Failure(
    'usage',
    `--key-type ${text}: give ec:P-256, ec:P-384, ec:P-521, ed25519, or rsa: and 512 to 8192 bits`,
  );
}

const generate = promisify(generateKeyPair);

export async function generateWorkloadKey(kind: WorkloadKeyKind): Promise<KeyObject> {
  if (kind === 'ed25519') return (await generate('ed25519', {})).privateKey;
  if (kind === 'ec:P-256' || kind === 'ec:P-384' || kind === 'ec:P-521') {
    return (await generate('ec', { namedCurve: kind.slice(3) })).privateKey;
  }
  return (await generate('rsa', { modulusLength: Number(kind.slice(4)) })).privateKey;
}

/** A PKCS#10 with an empty subject and one URI SAN, PEM. */
export function workloadRequest(key: KeyObject, kind: WorkloadKeyKind, identity: string): string {
  const spki = new Uint8Array(createPublicKey(key).export({ type: 'spki', format: 'der' })) as Der;
  const info = workloadRequestInfo(spki, identity);
  const algorithm = signatureAlgorithmOf(kind);
  const digest = /-(sha\d+)$/.exec(algorithm)?.[1] ?? null;
  return toPem('CERTIFICATE REQUEST', assembleRequest(info, algorithm, sign(digest, info, key)));
}
