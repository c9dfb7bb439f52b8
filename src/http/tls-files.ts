import { readFile } from 'node:fs/promises';
import type { SecureContextOptions } from 'node:tls';

/** Files of PEM: whom to trust, and who we are where the other side asks. */
export interface TlsFiles {
  /** Absent: the public CAs. */
  readonly ca?: string;
  readonly certificate?: string;
  readonly key?: string;
}

/** Read anew for each connection, so that files may be exchanged while the server runs. */
export async function readTls({ ca, certificate, key }: TlsFiles): Promise<SecureContextOptions> {
  const [caPem, cert, keyPem] = await Promise.all([ca, certificate, key].map((path) => path && readFile(path, 'utf8')));
  return { minVersion: 'TLSv1.2', ...(caPem && { ca: caPem }), ...(cert && { cert }), ...(keyPem && { key: keyPem }) };
}
