import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { writeDurably } from '#keys/durable-file.ts';
import type { IssuedChain } from './issued-chain.ts';

export interface KeptFiles {
  readonly key: string;
  readonly chain: string;
  readonly roots: string;
  /** Absent where none was given. */
  readonly proof?: string;
}

/** The three files that Istio's own agents write. A crash between them leaves a new key beside an old chain: ask again. */
export async function keep(
  directory: string,
  { chain, key, proof }: { readonly chain: IssuedChain; readonly key: KeyObject; readonly proof?: string },
): Promise<KeptFiles> {
  const files = {
    key: join(directory, 'key.pem'),
    chain: join(directory, 'cert-chain.pem'),
    roots: join(directory, 'root-cert.pem'),
  };
  await writeDurably(files.key, key.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  await writeDurably(files.chain, chain.chainPem);
  await writeDurably(files.roots, chain.rootsPem);
  if (proof === undefined) return files;
  const proofFile = join(directory, 'cert-chain.tlog-proof');
  await writeDurably(proofFile, proof);
  return { ...files, proof: proofFile };
}
