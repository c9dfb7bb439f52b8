import { readFileSync } from 'node:fs';
import type { IssuerConfig } from '#config/sections/issuers.ts';
import { readCertificates } from '#x509/certificates.ts';
import type { LogKeys } from './log-keys.ts';

/** Most certificates of one file that are looked at. */
const most = 128;

/**
 * Before the log's keys sign anything: none of them is the key of a CA that the configuration names, issuer, intermediate
 * or root. A file that cannot be read is told of by whoever needs it. Throws LogKeyError.
 */
export function demandLogKeysApart(keys: LogKeys, issuers: readonly IssuerConfig[]): void {
  for (const file of new Set(issuers.flatMap(certificateFiles)))
    for (const { spki } of certificatesIn(file)) keys.demandApart(file, spki);
}

function certificateFiles(issuer: IssuerConfig): readonly string[] {
  const { roots = [] } = issuer;
  if (issuer.kind !== 'key') return [roots].flat();
  return [roots, issuer.key.kind === 'memory' ? issuer.key.root.certificate : issuer.key.certificate].flat();
}

function certificatesIn(file: string): ReturnType<typeof readCertificates> {
  try {
    return readCertificates(readFileSync(file, 'utf8'), most);
  } catch {
    return [];
  }
}
