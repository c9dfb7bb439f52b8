import { readFile, stat } from 'node:fs/promises';
import { KeyStoreError } from './key-store-error.ts';

/** Where a PIN or passphrase is kept. Never the secret itself: command lines and config files are read by many. */
export type SecretSource = { readonly file: string } | { readonly env: string };

/** Octets; longer than any PIN, passphrase or session token, short enough that a wrong path is noticed. */
const maxLength = 4096;

/** The secret without a final newline. Throws KeyStoreError `secret`. */
export async function readSecret(source: SecretSource, what: string): Promise<string> {
  const secret = 'env' in source ? fromEnvironment(source.env, what) : await fromFile(source.file, what);
  if (secret === '') throw new KeyStoreError('secret', `the ${what} in ${nameOf(source)} is empty`);
  return secret;
}

/** For messages: where the secret is kept. */
function nameOf(source: SecretSource): string {
  return 'env' in source ? `environment variable ${source.env}` : source.file;
}

function fromEnvironment(name: string, what: string): string {
  const value = process.env[name];
  if (value === undefined) {
    throw new KeyStoreError('secret', `environment variable ${name} is not set; it should hold the ${what}`);
  }
  return value;
}

async function fromFile(path: string, what: string): Promise<string> {
  const facts = await stat(path).catch((cause: unknown) => {
    throw new KeyStoreError('secret', `cannot read the ${what} from ${path}: is it there, and yours to read?`, {
      cause,
    });
  });
  if (!facts.isFile()) throw new KeyStoreError('secret', `${path} is not a file; it should hold the ${what}`);
  if ((facts.mode & 0o007) !== 0) {
    throw new KeyStoreError(
      'secret',
      `${path} holds the ${what} and is open to every user of this machine; chmod 600 it`,
    );
  }
  if (facts.size > maxLength) {
    throw new KeyStoreError('secret', `${path} is larger than ${maxLength} bytes; it should hold the ${what} alone`);
  }
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new KeyStoreError('secret', `cannot read the ${what} from ${path}`, { cause });
  });
  return text.replace(/\r?\n$/, '');
}
