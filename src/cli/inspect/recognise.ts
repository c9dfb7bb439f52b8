/** One thing found in a file. */
export type Find =
  | { readonly kind: 'certificate' | 'request' | 'private-key' | 'public-key'; readonly der: Buffer }
  | { readonly kind: 'encrypted-key' }
  | { readonly kind: 'token' | 'checkpoint' | 'proof'; readonly text: string };

const kindOfLabel: Readonly<Record<string, 'certificate' | 'request' | 'private-key' | 'public-key'>> = {
  CERTIFICATE: 'certificate',
  'TRUSTED CERTIFICATE': 'certificate',
  'X509 CERTIFICATE': 'certificate',
  'CERTIFICATE REQUEST': 'request',
  'NEW CERTIFICATE REQUEST': 'request',
  'PRIVATE KEY': 'private-key',
  'RSA PRIVATE KEY': 'private-key',
  'EC PRIVATE KEY': 'private-key',
  'PUBLIC KEY': 'public-key',
};

/** What `bytes` hold, judged by their content alone; empty when nothing is recognised. */
export function recognise(bytes: Buffer): readonly Find[] {
  const text = bytes.toString('utf8');
  const blocks = [...pemBlocks(text)];
  if (blocks.length > 0) return blocks;
  if (bytes[0] === 0x30) return derFind(bytes);
  const trimmed = text.trim().replace(/^Bearer\s+/i, '');
  if (/^[\w-]+\.[\w-]+\.[\w-]*$/.test(trimmed)) return [{ kind: 'token', text: trimmed }];
  if (text.startsWith('c2sp.org/tlog-proof@v1\n')) return [{ kind: 'proof', text }];
  return /\n\n— \S+ \S+\n/.test(text) ? [{ kind: 'checkpoint', text }] : [];
}

function* pemBlocks(text: string): Generator<Find> {
  for (const [, label, body] of text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END \1-----/g)) {
    if (label === 'ENCRYPTED PRIVATE KEY' || body?.includes('ENCRYPTED')) yield { kind: 'encrypted-key' };
    const kind = kindOfLabel[label ?? ''];
    if (kind !== undefined && !body?.includes('ENCRYPTED')) yield { kind, der: Buffer.from(body ?? '', 'base64') };
  }
}

/**
 * A certificate and a request both begin SEQUENCE { SEQUENCE …; a request's inner one goes on with INTEGER 0 and a
 * name, a certificate's with [0] or with its serial and an AlgorithmIdentifier: whoever parses decides.
 */
function derFind(der: Buffer): readonly Find[] {
  const inner = headerLength(der) ?? 0;
  if (der[inner] !== 0x30) return [];
  const version = inner + (headerLength(der.subarray(inner)) ?? 0);
  const isRequest = der[version] === 0x02 && der[version + 1] === 0x01 && der[version + 2] === 0x00;
  return [{ kind: isRequest ? 'request' : 'certificate', der }];
}

function headerLength(der: Buffer): number | undefined {
  const length = der[1];
  if (length === undefined) return undefined;
  return length < 0x80 ? 2 : 2 + (length & 0x7f);
}
