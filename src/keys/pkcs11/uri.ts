import { KeyStoreError } from '../key-store-error.ts';

/** What a PKCS#11 URI can say of a key and the way to it (RFC 7512). Absent means "any". */
export interface Pkcs11Uri {
  readonly token?: string;
  readonly manufacturer?: string;
  readonly model?: string;
  readonly serial?: string;
  readonly object?: string;
  readonly id?: Uint8Array;
  readonly type?: ObjectType;
  readonly slotId?: number;
  readonly modulePath?: string;
  readonly moduleName?: string;
  readonly pinSource?: string;
}

const objectTypes = ['public', 'private', 'cert', 'secret-key', 'data'] as const;
type ObjectType = (typeof objectTypes)[number];

/** Attributes by part of the URI (RFC 7512 §2.3), and the fields they fill. */
const pathFields: Readonly<Record<string, keyof Pkcs11Uri>> = {
  token: 'token',
  manufacturer: 'manufacturer',
  model: 'model',
  serial: 'serial',
  object: 'object',
  id: 'id',
  type: 'type',
  'slot-id': 'slotId',
};
const queryFields: Readonly<Record<string, keyof Pkcs11Uri>> = {
  'module-path': 'modulePath',
  'module-name': 'moduleName',
  'pin-source': 'pinSource',
};

const scheme = 'pkcs11:';
const maxLength = 4096;

/**
 * Strict: an attribute that is unknown, given twice, in the wrong part or badly encoded is refused, and so is
 * `pin-value`. Throws KeyStoreError `uri`.
 */
export function parsePkcs11Uri(text: string): Pkcs11Uri {
  if (text.length > maxLength) refuse(`longer than ${maxLength} characters`);
  if (!text.toLowerCase().startsWith(scheme)) refuse(`it must begin with "${scheme}"`);
  const [path = '', query, ...more] = text.slice(scheme.length).split('?');
  if (more.length > 0) refuse('it holds more than one "?"');
  const fields = new Map<keyof Pkcs11Uri, Uint8Array>();
  readAttributes(path, ';', pathFields, queryFields, 'before the "?"', fields);
  readAttributes(query ?? '', '&', queryFields, pathFields, 'after the "?"', fields);
  return assemble(fields);
}

function readAttributes(
  part: string,
  separator: string,
  known: Readonly<Record<string, keyof Pkcs11Uri>>,
  elsewhere: Readonly<Record<string, keyof Pkcs11Uri>>,
  where: string,
  into: Map<keyof Pkcs11Uri, Uint8Array>,
): void {
  if (part === '') return;
  for (const attribute of part.split(separator)) {
    const equals = attribute.indexOf('=');
    const name = equals < 0 ? attribute : attribute.slice(0, equals);
    if (name === 'pin-value') {
      refuse('pin-value puts the PIN where others can read it; use pin-source, or name a file or environment variable');
    }
    if (equals < 0) refuse(`"${name}" has no value: write ${name || 'name'}=value`);
    const field = Object.hasOwn(known, name) ? known[name] : undefined;
    if (field === undefined) {
      if (Object.hasOwn(elsewhere, name)) refuse(`"${name}" does not belong ${where}`);
      const names = Object.keys(known).join(', ');
      refuse(`unknown attribute "${name}"; ${where} there can be ${names}`);
    }
    if (into.has(field)) refuse(`"${name}" is given twice`);
    into.set(field, decode(name, attribute.slice(equals + 1)));
  }
}

/** Characters that may stand for themselves (RFC 7512 §2.3: unreserved and pk11-res-avail, "&" in the path, "/" in the query). */
const plain = /^(?:%[0-9A-Fa-f]{2}|[A-Za-z0-9\-._~:[\]@!$'()*+,=&/|?])*$/;

function decode(name: string, value: string): Uint8Array {
  if (!plain.test(value)) {
    refuse(`the value of "${name}" holds a character that must be written as %XX, or a broken % sequence`);
  }
  return Buffer.from(
    value.replace(/%([0-9A-Fa-f]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16))),
    'latin1',
  );
}

function assemble(fields: ReadonlyMap<keyof Pkcs11Uri, Uint8Array>): Pkcs11Uri {
  const uri: { -readonly [Field in keyof Pkcs11Uri]: Pkcs11Uri[Field] } = {};
  for (const [field, bytes] of fields) {
    if (field === 'id') uri.id = bytes.length > 0 ? new Uint8Array(bytes) : refuse('"id" is empty');
    else if (field === 'type') uri.type = objectType(utf8(field, bytes));
    else if (field === 'slotId') uri.slotId = slotNumber(utf8(field, bytes));
    else uri[field] = utf8(field, bytes);
  }
  return uri;
}

function utf8(field: string, bytes: Uint8Array): string {
  if (bytes.length === 0) refuse(`the value for ${field} is empty`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return refuse(`the value for ${field} is not UTF-8`);
  }
}

function objectType(text: string): ObjectType {
  return objectTypes.find((type) => type === text) ?? refuse(`type is one of ${objectTypes.join(', ')}, not "${text}"`);
}

function slotNumber(text: string): number {
  if (!/^(0|[1-9][0-9]{0,18})$/.test(text) || !Number.isSafeInteger(Number(text))) {
    refuse(`slot-id is a decimal number, not "${text}"`);
  }
  return Number(text);
}

function refuse(why: string): never {
  throw new KeyStoreError('uri', `not a usable PKCS#11 URI: ${why}`);
}

/** The URI in one fixed order; parsing it gives the same fields. */
export function formatPkcs11Uri(uri: Pkcs11Uri): string {
  const part = (fields: Readonly<Record<string, keyof Pkcs11Uri>>, separator: string) =>
    Object.entries(fields)
      .map(([name, field]) => [name, uri[field]] as const)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name}=${encode(name, value)}`)
      .join(separator);
  const query = part(queryFields, '&');
  return `${scheme}${part(pathFields, ';')}${query === '' ? '' : `?${query}`}`;
}

/** An id is written in full %XX form (RFC 7512 §2.3); text as plainly as may be. */
function encode(name: string, value: Pkcs11Uri[keyof Pkcs11Uri]): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex').toUpperCase().replace(/../g, '%$&');
  const text = encodeURIComponent(String(value));
  return Object.hasOwn(queryFields, name) ? text.replaceAll('%2F', '/').replaceAll('%3A', ':') : text;
}
