import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CrlFiles } from '#authority/revocation/crl-keeper.ts';
import { writeDurably } from '#keys/durable-file.ts';

/** CRLs as `KEYID.crl` in a folder that anybody may read or copy. */
export function crlFiles(directory: string): CrlFiles {
  const fileOf = (issuerKeyId: string) => join(directory, `${issuerKeyId}.crl`);
  return {
    async read(issuerKeyId) {
      return readFile(fileOf(issuerKeyId)).catch((thrown: unknown) => {
        if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined;
        throw thrown;
      });
    },
    write: (issuerKeyId, der) => writeDurably(fileOf(issuerKeyId), der),
  };
}
