import { readFile, stat } from 'node:fs/promises';
import { KeyStoreError } from '../key-store-error.ts';
import { readSecret, type SecretSource } from '../secret-source.ts';
import { openSealedKey, readPlainKey } from './sealed-key.ts';
import { SoftwareSigner } from './signer.ts';

/**
 * The signer whose key is in `path`: encrypted PKCS#8 where a passphrase is named, plain PEM (an Istio `cacerts` key,
 * for one) only where none is. Throws KeyStoreError.
 */
export async function openKeyFile(path: string, passphrase?: SecretSource): Promise<SoftwareSigner> {
  const pem = await readKeyFile(path);
  if (pem === undefined) throw new KeyStoreError('no-key', `there is no key file ${path}; make it by a ceremony`);
  if (passphrase === undefined) return new SoftwareSigner(readPlainKey(pem, path));
  return new SoftwareSigner(openSealedKey(pem, await readSecret(passphrase, `passphrase of ${path}`), path));
}

/**
 * Our own file is for us alone. One that is root's, and not ours, may let our group read it and no more: a container has a
 * mounted Secret in no other way.
 */
export function isOpenToOthers({ mode, uid }: { readonly mode: number; readonly uid: number }, self: number): boolean {
  const lent = uid === 0 && self !== 0;
  return (mode & (lent ? 0o037 : 0o077)) !== 0;
}

/** Undefined where there is no such file. Throws KeyStoreError `key-file` for one that others can read. */
export async function readKeyFile(path: string): Promise<string | undefined> {
  try {
    if (isOpenToOthers(await stat(path), process.geteuid?.() ?? 0)) {
      throw new KeyStoreError('key-file', `${path} holds a CA key and is open to other users; chmod 600 it`);
    }
    return await readFile(path, 'utf8');
  } catch (thrown) {
    if (thrown instanceof KeyStoreError) throw thrown;
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined;
    throw new KeyStoreError('key-file', `cannot read the key file ${path}: is it yours to read?`, { cause: thrown });
  }
}
