import { hash } from 'node:crypto';
import type { Der } from '../algorithms.ts';
import type { Certificate } from '../certificate.ts';
import { type DerReader, sameBytes } from '../der/reader.ts';
import { tag } from '../der/tags.ts';
import { keyBits } from '../profile/key-identifier.ts';

/** What CertIDs are hashed with: SHA-1 by RFC 5019 §2.1.1, SHA-256 by RFC 9919, which replaces it. */
const digests = { sha1: 20, sha256: 32 } as const;
type Digest = keyof typeof digests;
const digestNames: readonly Digest[] = ['sha1', 'sha256'];

const digestIds: Readonly<Record<Digest, Uint8Array>> = {
  sha1: Uint8Array.of(0x2b, 0x0e, 3, 2, 0x1a),
  sha256: Uint8Array.of(0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1),
};

/** By which an OCSP client names a certificate (RFC 6960 §4.1.1). */
export interface CertId {
  /** Whole, as it was asked: an answer repeats it octet for octet. */
  readonly der: Der;
  /** Undefined when it is none of ours; then nobody is named. */
  readonly digest: Digest | undefined;
  readonly issuerNameHash: Uint8Array;
  readonly issuerKeyHash: Uint8Array;
  /** Positive, content octets of the INTEGER. */
  readonly serial: Uint8Array;
}

/** Reads the next element, a CertID. Throws DerError. */
export function readCertId(reader: DerReader): CertId {
  const from = reader.position;
  const fields = reader.sequence();
  const der = reader.bytes.subarray(from, reader.position) as Der;
  const digest = readDigest(fields.sequence());
  const issuerNameHash = readHash(fields, digest);
  const issuerKeyHash = readHash(fields, digest);
  const at = fields.position;
  const serial = fields.integer();
  const first = serial[0] ?? 0;
  if (serial.length > 20 || first >= 0x80 || (serial.length === 1 && first === 0)) {
    fields.fail('a serial that is not positive or has more than 20 octets', at);
  }
  fields.finish();
  return { der, digest, issuerNameHash, issuerKeyHash, serial };
}

/** Of ours with NULL or nothing for parameters, since both are written (RFC 5754 §2); another may have what it wants. */
function readDigest(algorithm: DerReader): Digest | undefined {
  const id = algorithm.oid();
  const digest = digestNames.find((name) => sameBytes(digestIds[name], id));
  if (digest === undefined) {
    if (algorithm.more) algorithm.skip();
  } else if (algorithm.next === tag.null) algorithm.null();
  algorithm.finish();
  return digest;
}

function readHash(fields: DerReader, digest: Digest | undefined): Uint8Array {
  const at = fields.position;
  const octets = fields.octetString();
  if (digest !== undefined && octets.length !== digests[digest]) fields.fail(`a ${digest} hash of a wrong length`, at);
  return octets;
}

/** An issuer as CertIDs and responses name it; hashed once. */
export class OcspIssuer {
  readonly #names: Readonly<Record<Digest, Uint8Array>>;
  readonly #keys: Readonly<Record<Digest, Uint8Array>>;

  /** Any certificate of that name and key does. Throws DerError. */
  constructor({ subject, spki }: Pick<Certificate, 'subject' | 'spki'>) {
    this.#names = hashes(subject);
    this.#keys = hashes(keyBits(spki));
  }

  /** KeyHash of a ResponderID (RFC 6960 §4.2.1): always SHA-1. */
  get keySha1(): Uint8Array {
    return this.#keys.sha1;
  }

  /** Whether the certificate that is asked for, whichever it is, is one of this issuer's. */
  isIssuerOf({ digest, issuerNameHash, issuerKeyHash }: CertId): boolean {
    return (
      digest !== undefined &&
      sameBytes(issuerNameHash, this.#names[digest]) &&
      sameBytes(issuerKeyHash, this.#keys[digest])
    );
  }
}

const hashes = (octets: Uint8Array) => ({
  sha1: new Uint8Array(hash('sha1', octets, 'buffer')),
  sha256: new Uint8Array(hash('sha256', octets, 'buffer')),
});
