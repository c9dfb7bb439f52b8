/**
 * Prints the SHA-256 of the SubjectPublicKeyInfo of every private key that stands in the files of a folder: the way
 * src/x509/keys/blocklist/known-keys.ts is made. Only public facts leave this program.
 *
 *     node scripts/blocklist/extract.ts FOLDER... > hashes
 */
import { createPrivateKey, createPublicKey, hash, type KeyObject } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readSpki } from '#x509/keys/public-key.ts';

const largestFile = 4 * 1024 * 1024;
const block = /-----BEGIN ((?:[A-Z]+ )*)(PRIVATE|TESTING) KEY-----([^-]+)-----END /g;

function* filesUnder(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesUnder(path);
    else if (entry.isFile() && statSync(path).size <= largestFile) yield path;
  }
}

/** Go's sources write TESTING for PRIVATE, and both Go and C wrap lines in quotes. */
function* privateKeysIn(text: string): Generator<KeyObject> {
  for (const [, type = '', , body = ''] of text.matchAll(block)) {
    const base64 = body.replaceAll('\\n', '\n').replace(/[^A-Za-z0-9+/=\n]/g, '');
    try {
      yield createPrivateKey(
        `-----BEGIN ${type}PRIVATE KEY-----\n${base64.trim()}\n-----END ${type}PRIVATE KEY-----\n`,
      );
    } catch {
      // Encrypted, damaged on purpose, or of a type that OpenSSL does not know.
    }
  }
}

/** Keys that the floor refuses anyway need no entry. */
function isTaken(spki: Uint8Array): boolean {
  try {
    readSpki(spki);
    return true;
  } catch {
    return false;
  }
}

const found = new Set<string>();
for (const folder of process.argv.slice(2)) {
  for (const path of filesUnder(folder)) {
    for (const key of privateKeysIn(readFileSync(path, 'latin1'))) {
      const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
      if (isTaken(spki)) found.add(hash('sha256', spki, 'hex'));
    }
  }
}
for (const each of [...found].sort()) console.log(each);
