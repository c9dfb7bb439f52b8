import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TlsFiles } from '#http/tls-files.ts';

/** A CA, a server of 127.0.0.1 and a client, in files as an operator has them. */
export interface TlsFolder extends Disposable {
  readonly client: TlsFiles;
  readonly serverFiles: Required<TlsFiles>;
  server(): { readonly ca: string; readonly cert: string; readonly key: string };
}

export function makeTlsFiles(): TlsFolder {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-tls-'));
  const openssl = (...words: readonly string[]) => execFileSync('openssl', words, { cwd: folder, stdio: 'pipe' });
  const fresh = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  openssl(...fresh, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=Test sinks');
  const below = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-addext', 'basicConstraints=critical,CA:FALSE'];
  for (const name of ['server', 'client']) {
    const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1'];
    openssl(...fresh, ...below, ...subject, '-keyout', `${name}.key`, '-out', `${name}.pem`);
  }
  const filesOf = (name: string) => {
    const [ca = '', certificate = '', key = ''] = ['ca.pem', `${name}.pem`, `${name}.key`].map((each) =>
      join(folder, each),
    );
    return { ca, certificate, key };
  };
  const serverFiles = filesOf('server');
  return {
    client: filesOf('client'),
    serverFiles,
    server: () => ({
      ca: readFileSync(serverFiles.ca, 'utf8'),
      cert: readFileSync(serverFiles.certificate, 'utf8'),
      key: readFileSync(serverFiles.key, 'utf8'),
    }),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}
