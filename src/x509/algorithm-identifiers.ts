import type { Der, SignatureAlgorithm } from './algorithms.ts';

/**
 * Signature AlgorithmIdentifiers, whole elements. RSA carries NULL (RFC 4055 §5); ECDSA (RFC 5758 §3.2),
 * Ed25519 (RFC 8410 §3) and ML-DSA (RFC 9881 §2) carry no parameters. RSASSA-PSS (RFC 4055 §3.1) is taken in one form
 * per hash: that hash in MGF1 too, NULL behind both, a salt as long as the hash, the trailer its default and so left
 * out. Any other form is not one of ours.
 */
const identifiers = {
  'ecdsa-sha256': '300a06082a8648ce3d040302',
  'ecdsa-sha384': '300a06082a8648ce3d040303',
  'ecdsa-sha512': '300a06082a8648ce3d040304',
  'rsa-sha256': '300d06092a864886f70d01010b0500',
  'rsa-sha384': '300d06092a864886f70d01010c0500',
  'rsa-sha512': '300d06092a864886f70d01010d0500',
  ed25519: '300506032b6570',
  'ml-dsa-44': '300b0609608648016503040311',
  'ml-dsa-65': '300b0609608648016503040312',
  'ml-dsa-87': '300b0609608648016503040313',
  'rsa-pss-sha256':
    '304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120',
  'rsa-pss-sha384':
    '304106092a864886f70d01010a3034a00f300d06096086480165030402020500a11c301a06092a864886f70d010108300d06096086480165030402020500a203020130',
  'rsa-pss-sha512':
    '304106092a864886f70d01010a3034a00f300d06096086480165030402030500a11c301a06092a864886f70d010108300d06096086480165030402030500a203020140',
} as const satisfies Record<SignatureAlgorithm, string>;

export const signatureAlgorithms = Object.keys(identifiers) as readonly SignatureAlgorithm[];

/** New bytes of its own, so that nobody's pool is pinned. */
const fromHex = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex')) as Der;

const table = signatureAlgorithms.map((name) => ({ name, der: fromHex(identifiers[name]) }));

/** The whole AlgorithmIdentifier element. Shared bytes: do not write to them. */
export function algorithmIdentifier(algorithm: SignatureAlgorithm): Der {
  const entry = table.find(({ name }) => name === algorithm);
  if (!entry) throw new TypeError(`no AlgorithmIdentifier for ${algorithm}`);
  return entry.der;
}

function equalsAt(bytes: Uint8Array, start: number, end: number, wanted: Uint8Array): boolean {
  if (end - start !== wanted.length) return false;
  for (let i = 0; i < wanted.length; i++) if (bytes[start + i] !== wanted[i]) return false;
  return true;
}

/**
 * The algorithm whose AlgorithmIdentifier is exactly `bytes[start, end)`, header included; undefined for any
 * other, so also for one of ours with wrong parameters. Allocates nothing.
 */
export function signatureAlgorithmAt(bytes: Uint8Array, start = 0, end = bytes.length): SignatureAlgorithm | undefined {
  for (const entry of table) if (equalsAt(bytes, start, end, entry.der)) return entry.name;
  return undefined;
}
