import { DerReader } from '#x509/der/reader.ts';
import { contextConstructed, tag } from '#x509/der/tags.ts';
import { explicit, sequence } from '#x509/der/writer.ts';

/** The same TBSCertificate with one more Extension at the end. */
export function withExtension(tbs: Uint8Array, extra: Uint8Array): Uint8Array {
  const fields = DerReader.over(tbs).sequence();
  const before: Uint8Array[] = [];
  while (fields.next !== contextConstructed(3)) before.push(fields.element());
  const list = fields.enter(contextConstructed(3)).content(tag.sequence);
  return sequence(...before, explicit(3, sequence(list, extra)));
}
