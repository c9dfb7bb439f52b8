import { hash } from 'node:crypto';
import type { ServingKey } from '#authority/serving-certificate.ts';
import { spkiOf } from '#keys/key-kind.ts';
import { generatePrivateKey, SoftwareSigner } from '#keys/software/signer.ts';
import type { KeyKind } from '#x509/algorithms.ts';

/** A new key for our own TLS server; it lives in memory, as long as its certificate. */
export async function makeServingKey(kind: KeyKind): Promise<ServingKey> {
  const key = await generatePrivateKey(kind);
  const spki = spkiOf(key);
  const pem = key.export({ type: 'pkcs8', format: 'pem' });
  return { pem: pem.toString(), spki, spkiSha256: hash('sha256', spki, 'hex'), kind, signer: new SoftwareSigner(key) };
}
