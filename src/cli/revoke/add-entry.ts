import { readFile } from 'node:fs/promises';
import { isSeq, parseDocument } from 'yaml';
import { readRevocations } from '#authority/revocation/document.ts';
import { writeDurably } from '#keys/durable-file.ts';

const fresh = `# Which certificates are revoked, and on whose word. Entries stay: what is recorded as revoked is never taken back.
apiVersion: countersign.dev/v1
kind: Revocations
certificates: []
`;

/**
 * Puts one entry at the end of a document and leaves all else as it is, comments included; false where the document names
 * that certificate already. The result is read as a server reads it before it is written: throws DocumentError, and then
 * nothing has changed. `now` in ms.
 */
export async function addEntry(
  file: string,
  entry: { readonly serial: string; readonly issuer: string; readonly [field: string]: string },
  now: number,
): Promise<boolean> {
  const before = await readFile(file, 'utf8').catch((thrown: unknown) => {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return fresh;
    throw thrown;
  });
  const listed = readRevocations([{ file, text: before }], now);
  if (listed.some(({ serial, issuerKeyId }) => serial === entry.serial && issuerKeyId === entry.issuer)) return false;
  const document = parseDocument(before);
  const certificates = document.get('certificates');
  if (!isSeq(certificates)) throw new TypeError(`${file}: certificates is no list`);
  certificates.flow = false;
  certificates.add(document.createNode(entry));
  const after = document.toString({ lineWidth: 0 });
  readRevocations([{ file, text: after }], now);
  await writeDurably(file, after);
  return true;
}
