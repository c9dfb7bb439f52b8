import { hash } from 'node:crypto';
import { type DroppedRange, droppedBy } from '#audit/dropped.ts';
import { decodeEntry } from '#audit/entry.ts';

/**
 * What the inventory keeps of an entry: what questions are asked by. Hashes are kept as their first 8 octets, names of
 * pods and tokens as the first 8 of their SHA-256.
 */
export interface InventoryRow {
  /** ms since the epoch. */
  readonly time: number;
  readonly type: string;
  readonly outcome: string;
  readonly reason: string | undefined;
  readonly door: string | undefined;
  readonly identity: string | undefined;
  readonly trustDomain: string | undefined;
  readonly cluster: string | undefined;
  readonly namespace: string | undefined;
  /** Service account as `namespace/name`. */
  readonly account: string | undefined;
  readonly node: string | undefined;
  readonly issuerKey: string | undefined;
  readonly issuerName: string | undefined;
  readonly policy: string | undefined;
  /** The set that decided; of `policy.loaded`, the set that was loaded. */
  readonly policySet: string | undefined;
  readonly keyKind: string | undefined;
  readonly level: string | undefined;
  /** Whether this record says that a certificate was issued. */
  readonly issued: boolean;
  readonly impersonated: boolean;
  /** ms since the epoch. */
  readonly notBefore: number | undefined;
  readonly notAfter: number | undefined;
  /** From when on a certificate counts as revoked, ms since the epoch; of `certificate.revoked` alone. */
  readonly revokedAt: number | undefined;
  readonly serial: Uint8Array | undefined;
  readonly pod: Uint8Array | undefined;
  readonly spki: Uint8Array | undefined;
  readonly sha256: Uint8Array | undefined;
  readonly jti: Uint8Array | undefined;
  /** Whose rows are to be forgotten, of `log.pruned` alone. */
  readonly dropped: DroppedRange | undefined;
  /** How many requests the record stands for. */
  readonly count: number;
}

const istioIdentity = /^spiffe:\/\/[^/]+\/ns\/([^/]+)\/sa\/([^/]+)$/;
const trustDomainOf = /^spiffe:\/\/([^/]+)/;

/** Reads an entry's octets, which the log holds to be canonical. */
export function rowOf(entry: Uint8Array): InventoryRow {
  const value: unknown = JSON.parse(Buffer.from(entry.buffer, entry.byteOffset, entry.byteLength).toString());
  const caller = member(value, 'caller');
  const onBehalfOf = member(value, 'onBehalfOf');
  const certificate = member(value, 'certificate');
  const issuer = member(certificate, 'issuer');
  const decision = member(value, 'decision');
  const type = text(value, 'type') ?? '';
  const outcome = text(value, 'outcome') ?? '';
  const identity = text(certificate, 'identity') ?? text(caller, 'identity');
  const key = keyOf(value, certificate);
  const count = member(value, 'count');
  return {
    time: Date.parse(text(value, 'time') ?? ''),
    type,
    outcome,
    reason: text(value, 'reason'),
    door: text(value, 'door'),
    identity,
    trustDomain: identity?.match(trustDomainOf)?.[1],
    cluster: text(caller, 'cluster'),
    ...workloadOf(caller, onBehalfOf),
    node: text(caller, 'node') ?? text(onBehalfOf, 'node'),
    issuerKey: text(issuer, 'keyId'),
    issuerName: text(issuer, 'name'),
    policy: text(decision, 'policy'),
    policySet: type === 'policy.loaded' ? text(member(value, 'change'), 'afterSha256') : text(decision, 'policySetId'),
    keyKind: text(key, 'kind'),
    level: text(decision, 'level'),
    issued: type === 'certificate.issued' && outcome === 'success',
    impersonated: onBehalfOf !== undefined,
    notBefore: timeOf(text(certificate, 'notBefore')),
    notAfter: timeOf(text(certificate, 'notAfter')),
    revokedAt: type === 'certificate.revoked' ? timeOf(text(member(value, 'revocation'), 'effective')) : undefined,
    serial: octets(text(certificate, 'serial'), serialLength),
    pod: prefixOfText(text(member(onBehalfOf, 'pod'), 'name') ?? text(member(caller, 'pod'), 'name')),
    spki: prefix(text(key, 'spkiSha256')),
    sha256: prefix(text(certificate, 'sha256')),
    jti: prefixOfText(text(member(caller, 'credential'), 'jti')),
    dropped: type === 'log.pruned' ? droppedBy(decodeEntry(entry)) : undefined,
    count: typeof count === 'number' ? count : 1,
  };
}

/** The key of the certificate, or of the request where none was made. */
function keyOf(value: unknown, certificate: unknown): unknown {
  return member(certificate, 'key') ?? member(member(value, 'asked'), 'key');
}

/** Whom it is for: the one that it was got for, else the caller, by what it proved or by its identity. */
function workloadOf(caller: unknown, onBehalfOf: unknown): Pick<InventoryRow, 'namespace' | 'account'> {
  const named = text(onBehalfOf, 'identity')?.match(istioIdentity);
  if (named) return { namespace: named[1], account: `${named[1]}/${named[2]}` };
  const own = text(caller, 'identity')?.match(istioIdentity);
  const namespace = text(caller, 'namespace') ?? own?.[1];
  const name = text(caller, 'serviceAccount') ?? own?.[2];
  return { namespace, account: namespace === undefined || name === undefined ? undefined : `${namespace}/${name}` };
}

const prefixLength = 8;
/** Octets of the longest serial that RFC 5280 §4.1.2.2 has. */
const serialLength = 20;

/** First octets of a hexadecimal value, by which it is looked up. */
export function prefix(hex: string | undefined): Uint8Array | undefined {
  return octets(hex, prefixLength);
}

/** A serial as it is kept: whole, unless it is longer than a serial may be. */
export function serialOctets(hex: string): Uint8Array | undefined {
  return octets(hex, serialLength);
}

function octets(hex: string | undefined, most: number): Uint8Array | undefined {
  return hex === undefined ? undefined : Buffer.from(hex.slice(0, 2 * most), 'hex');
}

/** What stands for a text too long, or one of too many, to be kept. */
export function prefixOfText(value: string | undefined): Uint8Array | undefined {
  return value === undefined ? undefined : hash('sha256', value, 'buffer').subarray(0, prefixLength);
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
