import { readFileSync } from 'node:fs';
import { decodeEntry } from '#audit/entry.ts';
import { Malformed } from '#audit/malformed.ts';
import { parseTlogProof, verifyTlogProof } from '#audit/tlog-proof.ts';
import { parseVkeys } from '#audit/vkey.ts';
import { Failure } from '../failure.ts';
import { type FoundRecord, issuedSha256 } from './find-certificate.ts';
import { demandWitnesses, type Trust } from './trust.ts';

export interface ProvenRecord extends FoundRecord {
  readonly origin: string;
  /** Entries under the checkpoint that the proof leads to. */
  readonly size: number;
}

/**
 * The record that a `.tlog-proof` proves, with nothing else at hand than whom to trust. Throws Failure `no` where it does
 * not prove that the certificate of this SHA-256 (hex) was issued, `input` where it is no proof or brings no entry.
 */
export function provenRecord(file: string, sha256: string, trust: Trust): ProvenRecord {
  const proof = read(file);
  const { entry: octets, index } = proof;
  if (octets === undefined) {
    throw new Failure('input', `${file}: does not bring the entry that it proves: it has no line "extra"`);
  }
  const verifiers = parseVkeys(trust.vkey);
  const { origin, size, note } = demand(file, () => verifyTlogProof(proof, octets, ...verifiers));
  demandWitnesses(note, trust, file);
  const entry = demand(file, () => decodeEntry(octets));
  if (entry.seq !== index) throw new Failure('no', `${file}: its entry says that it is ${entry.seq}, not ${index}`);
  if (issuedSha256(entry) !== sha256) {
    throw new Failure('no', `${file}: entry ${index} of ${origin} is not about the certificate ${sha256}`);
  }
  return { index, entry, origin, size };
}

function read(file: string) {
  const text = readFileSync(file, 'utf8');
  try {
    return parseTlogProof(text);
  } catch (cause) {
    if (!(cause instanceof Malformed)) throw cause;
    throw new Failure('input', `${file}: ${cause.message}`, undefined, { cause });
  }
}

function demand<T>(file: string, check: () => T): T {
  try {
    return check();
  } catch (cause) {
    if (!(cause instanceof Malformed)) throw cause;
    throw new Failure('no', `${file}: ${cause.message}`, undefined, { cause });
  }
}
