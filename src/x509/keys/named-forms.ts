import type { KeyKind } from '../algorithms.ts';

/**
 * SubjectPublicKeyInfo of every key type but RSA is a constant prefix and a fixed number of octets (RFC 5480 §2,
 * RFC 8410 §4, RFC 9881 §4). Nothing else reaches OpenSSL: it would take explicit curve parameters with a generator
 * of order 3, compressed points, trailing octets and BER lengths.
 */
export interface NamedForm {
  readonly kind: KeyKind;
  readonly prefix: Uint8Array;
  /** Octets of the whole SubjectPublicKeyInfo. */
  readonly length: number;
  /** Where the content of the BIT STRING begins, past the octet that counts unused bits. */
  readonly bitsAt: number;
}

const ecPublicKey = '06072a8648ce3d0201';

/** `bits`: octets of the key inside the BIT STRING; `lead`: those of them that are constant. */
function form(kind: KeyKind, header: string, bits: number, lead = ''): NamedForm {
  const prefix = Uint8Array.from(Buffer.from(header + lead, 'hex'));
  const bitsAt = header.length / 2;
  return { kind, prefix, length: bitsAt + bits, bitsAt };
}

const forms = [
  form('ec:P-256', `30593013${ecPublicKey}06082a8648ce3d030107034200`, 65, '04'),
  form('ec:P-384', `30763010${ecPublicKey}06052b81040022036200`, 97, '04'),
  form('ec:P-521', `30819b3010${ecPublicKey}06052b8104002303818600`, 133, '04'),
  form('ed25519', '302a300506032b6570032100', 32),
  form('ml-dsa-44', '30820532300b06096086480165030403110382052100', 1312),
  form('ml-dsa-65', '308207b2300b0609608648016503040312038207a100', 1952),
  form('ml-dsa-87', '30820a32300b060960864801650304031303820a2100', 2592),
];
const byLength = new Map(forms.map((each) => [each.length, each]));

/** The form that `spki` has, octet for octet; undefined for RSA and for everything that we do not take. */
export function namedForm(spki: Uint8Array): NamedForm | undefined {
  const candidate = byLength.get(spki.length);
  if (candidate === undefined) return undefined;
  const { prefix } = candidate;
  for (let i = 0; i < prefix.length; i++) if (prefix[i] !== spki[i]) return undefined;
  return candidate;
}
