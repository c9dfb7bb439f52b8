import { hash } from 'node:crypto';
import { decodeEntry, type Entry } from '#audit/entry.ts';
import { Failure } from '../failure.ts';
import { recognise } from '../inspect/recognise.ts';
import { nameOfInput, readInput } from '../read-input.ts';
import type { Progress } from '../terminal/progress.ts';
import type { LogSource } from './log-source.ts';
import { newestFirst } from './newest-first.ts';

/** SHA-256, hex, of the first certificate in a file. Throws Failure `input` when there is none. */
export const certificateSha256 = (path: string): string => hash('sha256', certificateIn(path), 'hex');

/** DER of the first certificate in a file. Throws Failure `input` when there is none. */
export function certificateIn(path: string): Buffer {
  const certificate = recognise(readInput(path)).find(({ kind }) => kind === 'certificate');
  if (certificate === undefined || !('der' in certificate)) {
    throw new Failure('input', `${nameOfInput(path)}: holds no certificate, neither PEM nor DER`);
  }
  return certificate.der;
}

export interface FoundRecord {
  readonly index: number;
  readonly entry: Entry;
}

/** The newest record that this certificate was issued; undefined when the log holds none. */
export async function findCertificate(
  source: LogSource,
  sha256: string,
  progress: Progress,
): Promise<FoundRecord | undefined> {
  return findRecord(source, sha256, (entry) => issuedSha256(entry) === sha256, progress);
}

/** The newest record that holds this text and is the one that is meant; undefined when the log holds none. */
export async function findRecord(
  source: LogSource,
  text: string,
  isMeant: (entry: Entry) => boolean,
  progress: Progress,
): Promise<FoundRecord | undefined> {
  for await (const [index, octets] of newestFirst(source, progress)) {
    // Most entries do not even hold these characters; only those that do are worth decoding.
    if (!Buffer.from(octets.buffer, octets.byteOffset, octets.length).includes(text)) continue;
    const entry = decodeEntry(octets);
    if (isMeant(entry)) return { index, entry };
  }
  return undefined;
}

/** SHA-256, hex, of the certificate that this record says was issued. */
export function issuedSha256({ certificate, outcome }: Entry): unknown {
  if (outcome !== 'success') return undefined;
  return typeof certificate === 'object' && 'sha256' in certificate ? certificate.sha256 : undefined;
}
