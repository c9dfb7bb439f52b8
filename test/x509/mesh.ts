import {
  createPrivateKey,
  sign as cryptoSign,
  verify as cryptoVerify,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import type { Der, KeyKind, SignatureAlgorithm } from '#x509/algorithms.ts';
import { encodeName, type NameTerms } from '#x509/name.ts';
import { type CaTerms, caTbs } from '#x509/profile/ca-certificate.ts';
import { subjectKeyIdentifier } from '#x509/profile/key-identifier.ts';
import { compileLeafTemplate, type LeafTemplate, type LeafTerms } from '#x509/profile/leaf-template.ts';
import { assembleSigned } from '#x509/signed.ts';

/** A root, an intermediate and a leaf template on throw-away software keys, for tests of what we write. */

export interface TestKey {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly spki: Der;
}

function generate(kind: KeyKind): { privateKey: KeyObject; publicKey: KeyObject } {
  if (kind.startsWith('ec:')) return generateKeyPairSync('ec', { namedCurve: kind.slice(3) });
  if (kind.startsWith('rsa:')) return generateKeyPairSync('rsa', { modulusLength: Number(kind.slice(4)) });
  switch (kind) {
    case 'ml-dsa-44':
      return generateKeyPairSync('ml-dsa-44');
    case 'ml-dsa-65':
      return generateKeyPairSync('ml-dsa-65');
    case 'ml-dsa-87':
      return generateKeyPairSync('ml-dsa-87');
    default:
      return generateKeyPairSync('ed25519');
  }
}

const keys = new Map<string, TestKey>();

/** A key of that kind; the same one for the same `label` within a test file, since RSA keys take their time. */
export function testKey(kind: KeyKind, label = ''): TestKey {
  const name = `${kind} ${label}`;
  let key = keys.get(name);
  if (key === undefined) {
    const { privateKey, publicKey } = generate(kind);
    const spki = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })) as Der;
    key = { privateKey: createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' })), publicKey, spki };
    keys.set(name, key);
  }
  return key;
}

/** Digest name as node:crypto wants it; null where the algorithm hashes by itself. */
const digestOf = (algorithm: SignatureAlgorithm) => /sha\d+$/.exec(algorithm)?.[0] ?? null;

export function signTbs(tbs: Uint8Array, algorithm: SignatureAlgorithm, key: TestKey): Uint8Array {
  return cryptoSign(digestOf(algorithm), tbs, key.privateKey);
}

export function verifies(tbs: Uint8Array, algorithm: SignatureAlgorithm, key: TestKey, signature: Uint8Array): boolean {
  return cryptoVerify(digestOf(algorithm), tbs, key.publicKey, signature);
}

/** The kind of key that makes signatures of that algorithm. */
export function keyKindFor(algorithm: SignatureAlgorithm): KeyKind {
  switch (algorithm) {
    case 'ecdsa-sha256':
      return 'ec:P-256';
    case 'ecdsa-sha384':
      return 'ec:P-384';
    case 'ecdsa-sha512':
      return 'ec:P-521';
    case 'rsa-sha256':
    case 'rsa-sha384':
    case 'rsa-sha512':
    case 'rsa-pss-sha256':
    case 'rsa-pss-sha384':
    case 'rsa-pss-sha512':
      return 'rsa:2048';
    default:
      return algorithm;
  }
}

export const randomSerial = () => Uint8Array.of(0x42, ...randomBytes(19));

/** 2026-11-21T12:00:00Z, and what hangs on it. */
export const now = 1795262400;
const day = 86400;
export const caWindow = { notBefore: now - day, notAfter: now + 3650 * day };

export interface TestMesh {
  readonly root: Uint8Array;
  readonly rootKey: TestKey;
  readonly intermediate: Uint8Array;
  readonly intermediateKey: TestKey;
  readonly template: LeafTemplate;
  /** A finished leaf; `terms` over plausible ones. */
  leaf(terms?: Partial<LeafTerms>): { readonly certificate: Der; readonly tbs: Uint8Array; readonly terms: LeafTerms };
}

export function caCertificate(terms: CaTerms, algorithm: SignatureAlgorithm, signer: TestKey): Der {
  const tbs = caTbs(terms, algorithm);
  return assembleSigned(tbs, algorithm, signTbs(tbs, algorithm, signer));
}

const names: Record<'root' | 'intermediate', NameTerms> = {
  root: { commonName: 'Test mesh root', organization: 'Example', country: 'DE' },
  intermediate: { commonName: 'Test mesh intermediate', organization: 'Example' },
};

/** Root and intermediate both sign with `algorithm`. */
export function testMesh(algorithm: SignatureAlgorithm = 'ecdsa-sha256', trustDomain = 'cluster.local'): TestMesh {
  const kind = keyKindFor(algorithm);
  const rootKey = testKey(kind, 'root');
  const intermediateKey = testKey(kind, 'intermediate');
  const root = caCertificate(
    { subject: names.root, issuer: 'self', spki: rootKey.spki, serial: randomSerial(), ...caWindow, trustDomain },
    algorithm,
    rootKey,
  );
  const rootId = subjectKeyIdentifier(rootKey.spki);
  const intermediate = caCertificate(
    {
      subject: names.intermediate,
      issuer: { name: encodeName(names.root), keyId: rootId },
      spki: intermediateKey.spki,
      serial: randomSerial(),
      notBefore: now - day,
      notAfter: now + 365 * day,
      pathLength: 0,
      trustDomain,
    },
    algorithm,
    rootKey,
  );
  const template = compileLeafTemplate({
    issuerName: encodeName(names.intermediate),
    authorityKeyId: subjectKeyIdentifier(intermediateKey.spki),
    signatureAlgorithm: algorithm,
  });
  return {
    root,
    rootKey,
    intermediate,
    intermediateKey,
    template,
    leaf(changes = {}) {
      const spki = changes.spki ?? testKey('ec:P-256', 'leaf').spki;
      const terms: LeafTerms = {
        serial: randomSerial(),
        notBefore: now - 120,
        notAfter: now + 3600,
        spki,
        subjectKeyId: subjectKeyIdentifier(spki),
        keyUsage: 'digitalSignature',
        uri: 'spiffe://cluster.local/ns/payments/sa/api',
        ...changes,
      };
      const tbs = template.tbs(terms);
      const certificate = template.assemble(tbs, signTbs(tbs, algorithm, intermediateKey));
      return { certificate, tbs, terms };
    },
  };
}
