import { createCipheriv, createPrivateKey, type KeyObject, pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { integer, nothing, octetString, oid, sequence } from '#x509/der/writer.ts';
import { KeyStoreError } from '../key-store-error.ts';

/** PBES2 (RFC 8018 §6.2): PBKDF2 with HMAC-SHA-256, AES-256-CBC. Node's own export stops at 2,048 iterations. */
const oids = {
  pbes2: '1.2.840.113549.1.5.13',
  pbkdf2: '1.2.840.113549.1.5.12',
  hmacWithSha256: '1.2.840.113549.2.9',
  aes256Cbc: '2.16.840.1.101.3.4.1.42',
} as const;
/** What OWASP asks of PBKDF2-HMAC-SHA256; about a quarter of a second, once at start. */
const iterations = 600_000;
const derive = promisify(pbkdf2);

/** EncryptedPrivateKeyInfo (RFC 5958 §3) as PEM: every OpenSSL reads it. */
export async function sealKey(key: KeyObject, passphrase: string): Promise<string> {
  const salt = randomBytes(16);
  const iv = randomBytes(16);
  const cipher = createCipheriv('aes-256-cbc', await derive(passphrase, salt, iterations, 32, 'sha256'), iv);
  const plain = key.export({ format: 'der', type: 'pkcs8' });
  const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
  plain.fill(0);
  const derivation = sequence(
    oid(oids.pbkdf2),
    sequence(octetString(salt), integer(iterations), sequence(oid(oids.hmacWithSha256), nothing())),
  );
  const scheme = sequence(oid(oids.pbes2), sequence(derivation, sequence(oid(oids.aes256Cbc), octetString(iv))));
  const lines = Buffer.from(sequence(scheme, octetString(sealed)))
    .toString('base64')
    .replace(/.{1,64}/g, '$&\n');
  return `-----BEGIN ENCRYPTED PRIVATE KEY-----\n${lines}-----END ENCRYPTED PRIVATE KEY-----\n`;
}

/** Throws KeyStoreError `key-file` for a file that holds no encrypted key, `wrong-passphrase` for one that stays shut. */
export function openSealedKey(pem: string, passphrase: string, file: string): KeyObject {
  if (!pem.includes('-----BEGIN ENCRYPTED PRIVATE KEY-----')) {
    throw new KeyStoreError(
      'key-file',
      `${file} holds no encrypted PKCS#8 key ("BEGIN ENCRYPTED PRIVATE KEY"); a CA key is not kept in plain`,
    );
  }
  try {
    return createPrivateKey({ key: pem, format: 'pem', passphrase });
  } catch (cause) {
    throw new KeyStoreError(
      'wrong-passphrase',
      `the passphrase does not open ${file}, or the file is damaged; check where the passphrase is read from`,
      { cause },
    );
  }
}

/** A private key that is not encrypted. Throws KeyStoreError `key-file`. */
export function readPlainKey(pem: string, file: string): KeyObject {
  if (/^-----BEGIN ENCRYPTED|^Proc-Type: .*ENCRYPTED/m.test(pem)) {
    throw new KeyStoreError('wrong-passphrase', `${file} is encrypted; say where its passphrase is`);
  }
  try {
    return createPrivateKey({ key: pem, format: 'pem' });
  } catch (cause) {
    throw new KeyStoreError('key-file', `${file} holds no private key in PEM`, { cause });
  }
}
