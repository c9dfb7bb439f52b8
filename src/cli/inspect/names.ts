import type { GeneralName, RelativeDistinguishedNames } from 'pkijs';

const attributeNames: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.5': 'serialNumber',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.9': 'street',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '0.9.2342.19200300.100.1.1': 'UID',
  '0.9.2342.19200300.100.1.25': 'DC',
  '1.2.840.113549.1.9.1': 'emailAddress',
};

/** RFC 4514 in the order of the encoding, for reading only; empty for an empty name. */
export function nameText(name: RelativeDistinguishedNames): string {
  return name.typesAndValues
    .map(({ type, value }) => `${attributeNames[type] ?? type}=${escapeValue(String(value.valueBlock.value))}`)
    .join(', ');
}

const escapeValue = (text: string) => text.replace(/[,+"\\<>;]/g, '\\$&');

/** Tags of GeneralName (RFC 5280 §4.2.1.6). */
const generalNameKinds = ['other', 'email', 'DNS', 'x400', 'dirName', 'ediParty', 'URI', 'IP', 'registeredID'] as const;

export function generalNameText({ type, value }: GeneralName): string {
  const kind = generalNameKinds[type] ?? `[${type}]`;
  return `${kind}:${valueText(kind, value)}`;
}

function valueText(kind: string, value: unknown): string {
  if (typeof value === 'string') return value;
  if (kind === 'IP' && hasOctets(value)) return addressText(new Uint8Array(value.valueBlock.valueHexView));
  return '(not shown)';
}

function hasOctets(value: unknown): value is { readonly valueBlock: { readonly valueHexView: Uint8Array } } {
  if (typeof value !== 'object' || value === null || !('valueBlock' in value)) return false;
  const block = value.valueBlock;
  return (
    typeof block === 'object' && block !== null && 'valueHexView' in block && block.valueHexView instanceof Uint8Array
  );
}

function addressText(octets: Uint8Array): string {
  if (octets.length === 4) return octets.join('.');
  const groups = Array.from({ length: octets.length / 2 }, (_, i) =>
    (((octets[2 * i] ?? 0) << 8) | (octets[2 * i + 1] ?? 0)).toString(16),
  );
  // The URL parser writes an IPv6 address in its shortest form (RFC 5952).
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}
