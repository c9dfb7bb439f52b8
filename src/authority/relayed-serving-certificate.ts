import type { AuditEvent } from '#audit/event.ts';
import { unlessAborted } from '#issuance/flight.ts';
import type { RelayedIssuer } from '#issuance/live-issuer.ts';
import { HeldCertificate, type OutsideNotes } from '#issuance/outside/held-certificate.ts';
import { cameBackFacts, relayedFacts, trailFacts } from '#issuance/outside/record-facts.ts';
import type { OutsideAnswer, OutsideOrder } from '#issuance/ports.ts';
import { asRefusal, Refusal } from '#refusal/refusal.ts';
import { ipOctets, ipText } from '#x509/ip-address.ts';
import type { KeyStrength } from '#x509/keys/key-strength.ts';
import { toPem } from '#x509/pem.ts';
import { assembleRequest, servingRequestInfo } from '#x509/profile/certification-request.ts';
import { RootsError, withRoots } from './roots.ts';
import type { ServingKey, ServingPair, ServingParts } from './serving-certificate.ts';
import { type ServingNames, sansOf, servingPurposes } from './serving-profile.ts';

/** What is needed where somebody else makes our certificate. */
export interface RelayParts {
  readonly keyStrength: KeyStrength;
  /** Profile of algorithms that the issuer's key and signature have to be in, if any. */
  readonly level?: string;
  /** Puts the roots that the issuer names to use, everywhere and on the record, before a certificate under them is. */
  readonly take: (successor: RelayedIssuer) => Promise<void>;
  /** Told of what holds by RFC 5280 in the chain that came and will still hurt somebody. */
  readonly warn: (issuer: string, sentence: string) => void;
}

type Parts = ServingParts & { readonly relay: RelayParts };

/** ms for one try; whoever renews tries again. */
const patienceMs = 10_000;
/** Seconds; where nobody renews halfway, an early notBefore harms nobody. */
const earliest = 86_400;
const maxSize = 16_384;

/** Characters; the issuer's words are in it. */
const maxMessageLength = 2_000;

/** As istio-csr annotates the request for its own certificate. */
const ownLabel = 'istio-csr-serving';

/**
 * Has a server's certificate made by an outside issuer, and holds it against its names as a workload's against its permit.
 * A crash in here leaves a certificate whose key died with the process.
 */
export async function relayServing(parts: Parts, issuer: RelayedIssuer, key: ServingKey): Promise<ServingPair> {
  const notes: OutsideNotes = {};
  const now = Math.floor(parts.clock.now() / 1000);
  try {
    const order = await orderFor(parts, key, notes);
    const answer = await withPatience((signal) => issuer.outside.request(order, signal));
    const trusting = issuer.rootsFrom === 'file' ? issuer : withNamedRoots(issuer, answer, now);
    const held = hold(parts, trusting, key, answer, notes, now);
    await parts.log.append(issued(parts, issuer, held, now));
    if (trusting.roots !== issuer.roots) await parts.relay.take(trusting);
    for (const sentence of held.warnings) parts.relay.warn(issuer.name, sentence);
    const { notBefore, notAfter } = held.leaf;
    const chain = toPem('CERTIFICATE', held.leaf.der) + held.intermediates.join('');
    return { key: key.pem, chain, spkiSha256: key.spkiSha256, notBefore, notAfter };
  } catch (thrown) {
    await recordFailure(parts, notes, asRefusal(thrown));
    throw thrown;
  }
}

/** What also calls others is a workload with an identity, and is asked for as one. */
async function orderFor(parts: Parts, key: ServingKey, notes: OutsideNotes): Promise<OutsideOrder> {
  const { names, profile, lifetime } = parts;
  const { uris = [] } = names;
  const info = servingRequestInfo(key.spki, {
    uris,
    dns: names.dnsNames,
    ips: names.ipAddresses.map(ipOctets),
  });
  const { algorithm } = key.signer;
  const request = assembleRequest(info, algorithm, await key.signer.sign(info));
  const isWorkload = profile === 'control-plane-v1';
  return {
    csr: toPem('CERTIFICATE REQUEST', request),
    seconds: lifetime,
    purpose: isWorkload ? 'workload' : 'serving',
    label: isWorkload ? uris.join(',') : ownLabel,
    placed: (trail) => {
      notes.trail = trail;
    },
  };
}

async function withPatience<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const patience = new AbortController();
  const timer = setTimeout(
    () => patience.abort(new Refusal('deadline', `the issuer did not answer within ${patienceMs / 1000} s`)),
    patienceMs,
  );
  try {
    return await unlessAborted(work(patience.signal), patience.signal);
  } finally {
    clearTimeout(timer);
  }
}

function withNamedRoots(issuer: RelayedIssuer, { ca }: OutsideAnswer, now: number): RelayedIssuer {
  const refuse = (what: string, cause?: unknown) =>
    new Refusal(
      'issuer.unavailable',
      `issuer ${issuer.name} ${what}; configure "roots" of the issuer instead`,
      {},
      { cause },
    );
  if (ca.trim() === '') throw refuse('names no CA beside its certificates');
  try {
    return withRoots(issuer, ca, now);
  } catch (thrown) {
    if (!(thrown instanceof RootsError)) throw thrown;
    throw refuse(`names a CA that cannot be a root: ${thrown.message}`, thrown);
  }
}

function hold(
  { names, lifetime, profile, relay }: Parts,
  { trusted }: RelayedIssuer,
  { spki, kind }: ServingKey,
  answer: OutsideAnswer,
  notes: OutsideNotes,
  now: number,
): HeldCertificate {
  const standard = {
    spki,
    names: sansOf(written(names)),
    keyUsage: kind.startsWith('rsa:')
      ? (['digitalSignature', 'keyEncipherment'] as const)
      : (['digitalSignature'] as const),
    extendedKeyUsage: servingPurposes[profile],
    notBefore: now - earliest,
    notAfter: now + lifetime,
    maxSize,
    renewedHalfway: false,
    trusted,
    keyStrength: relay.keyStrength,
    ...(relay.level !== undefined && { level: relay.level }),
  };
  return HeldCertificate.hold(answer, standard, now, notes);
}

/** Addresses as a certificate's are read back. */
const written = (names: ServingNames): ServingNames => ({
  ...names,
  ipAddresses: names.ipAddresses.map((ip) => ipText(ipOctets(ip))),
});

function issued(
  { eventId, instance, profile }: ServingParts,
  { name }: RelayedIssuer,
  held: HeldCertificate,
  now: number,
): AuditEvent {
  return {
    type: 'certificate.issued',
    id: eventId(),
    outcome: 'success',
    instance,
    door: 'internal',
    certificate: { ...relayedFacts(held, name, now, 'with their kinds'), profile },
    certificateDer: Buffer.from(held.leaf.der).toString('base64'),
    outside: trailFacts(held.trail),
  };
}

/** What was never asked for leaves no trace out there, and needs none here: whoever renews tells of it. */
async function recordFailure(
  { log, eventId, instance }: ServingParts,
  notes: OutsideNotes,
  refusal: Refusal,
): Promise<void> {
  if (notes.trail === undefined) return;
  await log
    .append({
      type: 'certificate.failed',
      id: eventId(),
      outcome: 'failed',
      reason: refusal.code,
      message: refusal.message.slice(0, maxMessageLength).toWellFormed(),
      instance,
      door: 'internal',
      ...cameBackFacts(notes, true),
    })
    .catch(() => undefined);
}
