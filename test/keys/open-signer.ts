import { KeyStoreError } from '#keys/key-store-error.ts';
import { Pkcs11Signer } from '#keys/pkcs11/signer.ts';
import { parsePkcs11Uri } from '#keys/pkcs11/uri.ts';

/** Opens a signer in a process of its own and prints what came of it: `opened`, or code and sentence. */
const [uri = '', modulePath = '', pinFile = ''] = process.argv.slice(2);
try {
  await Pkcs11Signer.open({ uri: parsePkcs11Uri(uri), modulePath, pin: { file: pinFile } });
  console.log('opened');
} catch (thrown) {
  if (!(thrown instanceof KeyStoreError)) throw thrown;
  console.log(`${thrown.code}: ${thrown.message}`);
}
