import { hash, type KeyObject, X509Certificate } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../failure.ts';
import type { Home } from '../home.ts';
import { recognise } from '../inspect/recognise.ts';
import { nameOfInput, readInput } from '../read-input.ts';

/** A certificate that somebody came across. */
export interface SeenCertificate {
  readonly sha256: string;
  /** Where it was found first. */
  readonly file: string;
  readonly serial?: string;
  readonly names?: string;
}

export interface Seen {
  readonly ours: readonly SeenCertificate[];
  /** Signed by none of our issuers. */
  readonly foreign: number;
  /** PEM or DER that is no certificate. */
  readonly unreadable: number;
}

/** Every certificate of files and folders, each once, that one of these keys has signed; all, where there are none. */
export function seenIn(paths: readonly string[], issuers: readonly KeyObject[]): Seen {
  const ours = new Map<string, SeenCertificate>();
  const others = new Set<string>();
  let unreadable = 0;
  for (const file of paths.flatMap(filesOf))
    for (const der of certificatesIn(file)) {
      const sha256 = hash('sha256', der, 'hex');
      if (ours.has(sha256) || others.has(sha256)) continue;
      const certificate = parsed(der);
      if (certificate === undefined) unreadable++;
      else if (issuers.length > 0 && !issuers.some((key) => isSignedBy(certificate, key))) others.add(sha256);
      else {
        const { serialNumber, subjectAltName } = certificate;
        ours.set(sha256, {
          sha256,
          file: nameOfInput(file),
          serial: serialNumber.toLowerCase(),
          names: subjectAltName ?? '',
        });
      }
    }
  return { ours: [...ours.values()], foreign: others.size, unreadable };
}

/** SHA-256 of certificates, one a line, such as a network monitor writes them. Throws Failure `input` for anything else. */
export function hashesIn(path: string): Seen {
  const found = new Map<string, SeenCertificate>();
  const lines = readInput(path).toString('utf8').split('\n');
  for (const [at, line] of lines.entries()) {
    const sha256 = line.trim().replaceAll(':', '').toLowerCase();
    if (sha256 === '') continue;
    const file = `${nameOfInput(path)}:${at + 1}`;
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw new Failure('input', `${file}: not a SHA-256 in hexadecimal`);
    if (!found.has(sha256)) found.set(sha256, { sha256, file });
  }
  return { ours: [...found.values()], foreign: 0, unreadable: 0 };
}

/** Keys of the issuers that were named, else of those of the home. */
export function issuerKeys(named: readonly string[], { issuers }: Home): readonly KeyObject[] {
  const files = named.length > 0 ? named : existsSync(issuers) ? [issuers] : [];
  return files.flatMap(filesOf).flatMap((file) => {
    const [first] = certificatesIn(file);
    const issuer = first && parsed(first);
    if (issuer === undefined && named.length > 0)
      throw new Failure('input', `${file}: holds no certificate of an issuer`);
    return issuer === undefined ? [] : [issuer.publicKey];
  });
}

/** Of a folder all files below it, by name. */
function filesOf(path: string): string[] {
  if (path === '-' || !statSync(path).isDirectory()) return [path];
  const entries = readdirSync(path, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const at = join(path, entry.name);
    return entry.isDirectory() ? filesOf(at) : entry.isFile() ? [at] : [];
  });
}

const certificatesIn = (file: string): readonly Buffer[] =>
  recognise(readInput(file)).flatMap((find) => (find.kind === 'certificate' ? [find.der] : []));

function parsed(der: Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(der);
  } catch {
    return undefined;
  }
}

/** A name says nothing: whoever has taken a key writes what they like. */
function isSignedBy(certificate: X509Certificate, key: KeyObject): boolean {
  try {
    // A root in its own chain has issued nothing.
    return certificate.verify(key) && !certificate.publicKey.equals(key);
  } catch {
    return false;
  }
}
