import { statSync } from 'node:fs';
import graphene from 'graphene-pk11';
import { KeyStoreError } from '../key-store-error.ts';
import { calling } from './return-value.ts';

/** CKF_OS_LOCKING_OK: without it, signing on several threads corrupts the module's heap (seen with SoftHSM). */
const osLockingOk = 2;

const loaded = new Map<string, graphene.Module>();

/**
 * The PKCS#11 module at `path`, loaded and initialised once per process: C_Initialize is the process's, not the
 * caller's, so nobody finalises it either. Throws KeyStoreError `no-module`.
 */
export function pkcs11Module(path: string): graphene.Module {
  const known = loaded.get(path);
  if (known !== undefined) return known;
  const module = load(path);
  calling('initialising the PKCS#11 module', () => module.initialize({ flags: osLockingOk }));
  loaded.set(path, module);
  return module;
}

function load(path: string): graphene.Module {
  if (!path.startsWith('/')) {
    throw new KeyStoreError('no-module', `the PKCS#11 module "${path}" must be given by its whole path`);
  }
  if (statSync(path, { throwIfNoEntry: false }) === undefined) {
    throw new KeyStoreError('no-module', `there is no PKCS#11 module at ${path}; install the token's library`);
  }
  try {
    return graphene.Module.load(path);
  } catch (cause) {
    throw new KeyStoreError('no-module', `${path} cannot be loaded as a PKCS#11 module for this machine`, { cause });
  }
}
