import { formatDuration } from '#document/scalars.ts';
import type { Objection } from './check.ts';
import type { Inquiry, Span } from './question.ts';

/** A policy's `validity`, in seconds, with every default filled in. */
export interface Validity {
  readonly default: number;
  readonly min: number;
  readonly max: number;
  /** Absent: the door's dialect decides. */
  readonly above: 'clamp' | 'reject' | undefined;
  readonly below: 'clamp' | 'reject';
  readonly beyondIssuer: 'clamp' | 'reject';
  readonly backdate: number;
  readonly jitter: number;
}

export interface Lifetime {
  readonly ttl: number;
  /** Whole seconds since the epoch, both inclusive (RFC 5280 §4.1.2.5). */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly clamped?: Clamp;
}

interface Clamp {
  /** Seconds asked for; what exceeds 2^53 - 1 stands as that. */
  readonly from: number;
  readonly to: number;
}

/**
 * ztunnel renews at the middle of the window from notBefore to notAfter and not before one minute from now: a
 * certificate whose middle lies earlier sends it into a storm of requests. So this is floor, not policy.
 */
const leastToMiddle = 60;

/** The least TTL whose middle is late enough, seconds: what `validity.min` may not go below. */
export const leastTtl = (backdate: number) => backdate + 2 * leastToMiddle + 1;

/**
 * How long the certificate lives. A wish is held against max, then min, then the issuer's own end; jitter only
 * shortens, never past min, and comes from the serial so that a replay gives the same second.
 */
export function lifetime(inquiry: Inquiry, allowed: Validity): Lifetime | Objection {
  const { issuer, wish } = inquiry;
  const now = Math.floor(inquiry.now / 1000);
  const notBefore = Math.max(now - allowed.backdate, issuer.notBefore);
  const past = now - notBefore;
  const { ttlAtMost } = wish;
  const bounded = ttlAtMost === undefined ? allowed : noLonger(allowed, Number(fromNow(wish, BigInt(ttlAtMost), past)));
  const validity = wish.span === undefined ? bounded : within(bounded, wish.span, past);
  if (validity.min > validity.max) return noRoom(bounded.max, validity.min);
  const wished = wish.ttl <= 0n ? BigInt(validity.default) : fromNow(wish, wish.ttl, past);

  if (wished > BigInt(validity.max) && (validity.above ?? wish.ttlAbove) === 'reject') return tooLong(wished, validity);
  if (wished < BigInt(validity.min) && validity.below === 'reject') return tooShort(wished, validity.min);
  // Between the bounds a Number holds it exactly; beyond them it is not converted at all.
  const asked = wished > BigInt(validity.max) ? validity.max : Math.max(Number(wished), validity.min);

  const left = issuer.notAfter - now + 1;
  if (asked > left && validity.beyondIssuer === 'reject') return pastIssuer(asked, left);
  const granted = Math.min(asked, left);
  if (granted < validity.min) return issuerEnds(issuer.name, left, validity.min);

  const ttl = granted - drawn(inquiry.serial, Math.min(validity.jitter, granted - validity.min));
  const notAfter = now + ttl - 1;
  if ((notBefore + notAfter) / 2 < now + leastToMiddle) return tooShort(BigInt(ttl), leastTtl(now - notBefore));
  const from = wished > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(wished);
  return from === granted ? { ttl, notBefore, notAfter } : { ttl, notBefore, notAfter, clamped: { from, to: granted } };
}

function noLonger(validity: Validity, most: number): Validity {
  const { default: usual, min, max } = validity;
  return { ...validity, default: Math.min(usual, most), min: Math.min(min, most), max: Math.min(max, most) };
}

/** `past`: seconds from notBefore to now, which the whole window counts and a TTL does not. */
function within(validity: Validity, { least, most }: Span, past: number): Validity {
  const longest = Math.min(validity.max, most + 1 - past);
  const shortest = Math.max(validity.min, least + 1 - past);
  return { ...validity, default: clamp(validity.default, shortest, longest), min: shortest, max: longest };
}

/** A TTL as whoever asks counts it; one that counts from notBefore counts its last second too, as `span` does. */
function fromNow({ ttlFrom = 'now' }: Inquiry['wish'], ttl: bigint, past: number): bigint {
  if (ttlFrom === 'now') return ttl;
  const left = ttl + 1n - BigInt(past);
  return left < 1n ? 1n : left;
}

const clamp = (value: number, least: number, most: number) => Math.max(least, Math.min(value, most));

export const isLifetime = (value: Lifetime | Objection): value is Lifetime => 'notAfter' in value;

/** A whole number from 0 to `range`, from the last six octets of a serial; its bias is below 2^-20 for any range up to 2^28. */
function drawn(serial: Uint8Array, range: number): number {
  if (range <= 0) return 0;
  let value = 0;
  for (const octet of serial.subarray(-6)) value = value * 256 + octet;
  return value % (range + 1);
}

const tooLong = (wished: bigint, { max }: Validity): Objection => ({
  code: 'ttl.too-long',
  sentence: `requested TTL ${wished}s is greater than the max allowed TTL ${formatDuration(max)}`,
  detail: { asked: String(wished), max },
});

const tooShort = (wished: bigint, min: number): Objection => ({
  code: 'ttl.too-short',
  sentence: `a TTL of ${wished} s is too short; ask for at least ${formatDuration(min)}`,
  detail: { asked: String(wished), min },
});

const noRoom = (max: number, least: number): Objection => ({
  code: 'ttl.too-short',
  sentence: `the policy allows ${formatDuration(max)} at the most, and who asks takes none under ${formatDuration(least)}`,
  detail: { least, max },
});

const pastIssuer = (asked: number, left: number): Objection => ({
  code: 'ttl.too-long',
  sentence: `the TTL of ${formatDuration(asked)} reaches past the issuer's own end; it has ${left} s left`,
  detail: { asked, left },
});

const issuerEnds = (name: string, left: number, min: number): Objection => ({
  code: 'issuer.expired',
  sentence: `issuer "${name}" ends in ${left} s, sooner than the shortest certificate of ${formatDuration(min)}`,
  detail: { issuer: name, left, min },
});
