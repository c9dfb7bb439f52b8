import { FieldReader, wireType } from './protobuf.ts';

/** `istio.v1.auth.IstioCertificateRequest`, with the two Struct keys that mean something (contract §1.2). */
export interface CertificateRequest {
  readonly csr: string;
  readonly validityDuration: bigint;
  readonly certSigner: string;
  readonly impersonatedIdentity: string;
}

interface Metadata {
  certSigner: string;
  impersonatedIdentity: string;
}

/**
 * A missing Struct, a missing key, a null or a value that is not a string all read as empty; unknown fields and
 * keys are passed over. Throws MalformedMessage.
 */
export function decodeCertificateRequest(bytes: Buffer): CertificateRequest {
  const reader = new FieldReader(bytes);
  const metadata: Metadata = { certSigner: '', impersonatedIdentity: '' };
  let csr = '';
  let validityDuration = 0n;
  while (reader.next()) {
    if (reader.is(1, wireType.bytes)) csr = reader.string();
    else if (reader.is(3, wireType.varint)) validityDuration = reader.int64();
    else if (reader.is(4, wireType.bytes)) readStruct(reader.message(), metadata);
    else reader.skip();
  }
  return {
    csr,
    validityDuration,
    certSigner: metadata.certSigner,
    impersonatedIdentity: metadata.impersonatedIdentity,
  };
}

function readStruct(reader: FieldReader, into: Metadata): void {
  while (reader.next()) {
    if (reader.is(1, wireType.bytes)) readEntry(reader.message(), into);
    else reader.skip();
  }
}

/** One map entry: key = 1, value = 2; either may be absent, and of repeated ones the last counts. */
function readEntry(reader: FieldReader, into: Metadata): void {
  let key = '';
  let value = '';
  while (reader.next()) {
    if (reader.is(1, wireType.bytes)) key = reader.string();
    else if (reader.is(2, wireType.bytes)) value = readValue(reader.message(), value);
    else reader.skip();
  }
  if (key === 'CertSigner') into.certSigner = value;
  else if (key === 'ImpersonatedIdentity') into.impersonatedIdentity = value;
}

/** `google.protobuf.Value`: a oneof, so the last member set is the one there is. `before`: what was merged so far. */
function readValue(reader: FieldReader, before: string): string {
  let text = before;
  while (reader.next()) {
    if (reader.is(3, wireType.bytes)) {
      text = reader.string();
      continue;
    }
    if (isOtherKind(reader)) text = '';
    reader.skip();
  }
  return text;
}

function isOtherKind(reader: FieldReader): boolean {
  switch (reader.field) {
    case 1:
    case 4:
      return reader.type === wireType.varint;
    case 2:
      return reader.type === wireType.fixed64;
    case 5:
    case 6:
      return reader.type === wireType.bytes;
    default:
      return false;
  }
}
