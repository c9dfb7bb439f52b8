import { createHash } from 'node:crypto';

/** What the inventory keeps of an entry: what questions are asked by. Hashes are kept as their first 8 octets. */
export interface InventoryRow {
  /** ms since the epoch. */
  readonly time: number;
  readonly type: string;
  readonly outcome: string;
  readonly reason: string | undefined;
  readonly door: string | undefined;
  readonly identity: string | undefined;
  readonly namespace: string | undefined;
  readonly node: string | undefined;
  readonly issuerKey: string | undefined;
  readonly policySet: string | undefined;
  /** ms since the epoch. */
  readonly notAfter: number | undefined;
  readonly serial: Uint8Array | undefined;
  readonly spki: Uint8Array | undefined;
  readonly sha256: Uint8Array | undefined;
  readonly jti: Uint8Array | undefined;
  /** How many requests the record stands for. */
  readonly count: number;
}

const istioNamespace = /^spiffe:\/\/[^/]+\/ns\/([^/]+)\/sa\//;

/** Reads an entry's octets, which the log holds to be canonical. */
export function rowOf(entry: Uint8Array): InventoryRow {
  const value: unknown = JSON.parse(Buffer.from(entry.buffer, entry.byteOffset, entry.byteLength).toString());
  const caller = member(value, 'caller');
  const onBehalfOf = member(value, 'onBehalfOf');
  const certificate = member(value, 'certificate');
  const jti = text(member(caller, 'credential'), 'jti');
  const spki =
    text(member(certificate, 'key'), 'spkiSha256') ?? text(member(member(value, 'asked'), 'key'), 'spkiSha256');
  const count = member(value, 'count');
  return {
    time: Date.parse(text(value, 'time') ?? ''),
    type: text(value, 'type') ?? '',
    outcome: text(value, 'outcome') ?? '',
    reason: text(value, 'reason'),
    door: text(value, 'door'),
    identity: text(certificate, 'identity') ?? text(caller, 'identity'),
    namespace: text(onBehalfOf, 'identity')?.match(istioNamespace)?.[1] ?? text(caller, 'namespace'),
    node: text(caller, 'node') ?? text(onBehalfOf, 'node'),
    issuerKey: text(member(certificate, 'issuer'), 'keyId'),
    policySet: text(member(value, 'decision'), 'policySetId'),
    notAfter: timeOf(text(certificate, 'notAfter')),
    serial: prefix(text(certificate, 'serial')),
    spki: prefix(spki),
    sha256: prefix(text(certificate, 'sha256')),
    jti: jti === undefined ? undefined : prefixOfText(jti),
    count: typeof count === 'number' ? count : 1,
  };
}

const prefixLength = 8;

/** First octets of a hexadecimal value, by which it is looked up. */
export function prefix(hex: string | undefined): Uint8Array | undefined {
  return hex === undefined ? undefined : Buffer.from(hex.slice(0, 2 * prefixLength), 'hex');
}

/** What stands for a text too long, or too many, to be kept. */
export function prefixOfText(value: string): Uint8Array {
  return createHash('sha256').update(value).digest().subarray(0, prefixLength);
}

/** A member of what may be an object. */
export function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && name in value
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

export function text(value: unknown, name: string): string | undefined {
  const found = member(value, name);
  return typeof found === 'string' ? found : undefined;
}

function timeOf(rfc3339: string | undefined): number | undefined {
  const ms = rfc3339 === undefined ? Number.NaN : Date.parse(rfc3339);
  return Number.isNaN(ms) ? undefined : ms;
}
