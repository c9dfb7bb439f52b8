import { hash } from 'node:crypto';
import type { AuditEvent, Json } from '#audit/event.ts';
import type { CallerFacts } from '#policy/caller.ts';
import { isNamed } from '#policy/question.ts';
import type { Refusal } from '#refusal/refusal.ts';
import type { VerifiedCsr } from '#x509/csr/verified-csr.ts';
import { nameText } from '#x509/name.ts';
import type { Draft } from './draft.ts';
import type { Flight } from './flight.ts';
import type { RelayedIssuer, SigningIssuer } from './live-issuer.ts';
import { HeldCertificate } from './outside/held-certificate.ts';
import { cameBackFacts, decidedAt, permittedFacts, relayedFacts, trailFacts } from './outside/record-facts.ts';
import type { Asked, Attempt } from './request.ts';

export interface RecorderParts {
  readonly instance: Json;
  /** A new UUIDv7. */
  readonly id: () => string;
  readonly policySetId: () => string;
  /** Whether the certificate itself goes into its record. */
  readonly includeCertificate: boolean;
}

/** Codes after which the answer was no; all others mean that we could not answer. */
const deniedRemedy = 'fix-request';
/** A hostile CSR may name thousands; a record keeps what tells the story and stays far under its own limit. */
const maxNames = 8;
const maxNameLength = 512;
/** Characters of an identifier that the asker chose; a SPIFFE ID has 2,048 at the most. */
const maxAskedLength = 2_048;
const maxMessageLength = 2_000;
/** Groups of a user, and characters of all of them. */
const maxGroups = 64;
const maxGroupsLength = maxNames * maxNameLength;

/**
 * Turns the end of a flight into its one record (contract audit §6.3). Pure but for the ids it is given. Members within
 * a member are written in canonical order (RFC 8785 §3.2.3): the encoder then has nothing to sort.
 */
export class Recorder {
  readonly #parts: RecorderParts;

  constructor(parts: RecorderParts) {
    this.#parts = parts;
  }

  issued(flight: Flight, issuer: SigningIssuer, draft: Draft, certificate: Uint8Array): AuditEvent {
    const { csr, permit } = flight;
    if (csr === undefined || permit === undefined) throw withoutProof();
    const { terms } = permit;
    flight.serial = Buffer.from(draft.serial.buffer, draft.serial.byteOffset, draft.serial.length).toString('hex');
    const facts = {
      eku: terms.extendedKeyUsage,
      identity: terms.kind === 'svid' ? terms.identity : csr.sans.find(isSpiffeId)?.value,
      issuer: { certSha256: issuer.certificateSha256, keyId: issuer.keyId, name: issuer.name },
      key: { kind: csr.key.kind, spkiSha256: csr.key.spkiSha256 },
      ku: terms.keyUsage,
      notAfter: new Date(terms.notAfter * 1000).toISOString(),
      notBefore: new Date(terms.notBefore * 1000).toISOString(),
      profile: issuer.profile,
      sans: terms.kind === 'svid' ? [terms.identity] : csr.sans.map(({ kind, value }) => `${kind}:${value}`),
      serial: flight.serial,
      sha256: hash('sha256', certificate, 'hex'),
      signatureAlgorithm: issuer.signer.algorithm,
      subject: terms.kind === 'svid' ? undefined : cut(nameText(csr.subject.der), maxNameLength),
      tbsSha256: hash('sha256', draft.tbs, 'hex'),
      ttl: terms.ttl,
    };
    return this.#success('certificate.issued', flight, { facts, der: certificate });
  }

  /** What the certificate says stands here as it came, and what it was held against stands in the decision. */
  relayed(flight: Flight, issuer: RelayedIssuer, held: HeldCertificate): AuditEvent {
    if (!HeldCertificate.isHeld(held)) throw new Error('a certificate that nobody held against its permit');
    const { permit, csr } = flight;
    if (permit === undefined || csr === undefined) throw withoutProof();
    flight.serial = held.leaf.serialText;
    const facts = { ...relayedFacts(held, issuer.name, decidedAt(permit)), identity: permit.terms.identity };
    const outside = { permitted: permittedFacts(permit, flight.outside?.drawn), trail: trailFacts(held.trail) };
    return this.#success('certificate.issued', flight, { facts, der: held.leaf.der, outside });
  }

  /** Nothing was made: whoever is approved asks for it again, and policy decides again. */
  approved(flight: Flight): AuditEvent {
    return this.#success('request.approved', flight);
  }

  refused(flight: Flight, refusal: Refusal): AuditEvent {
    const { attempt, asked, caller, csr, permit } = flight;
    const denied = refusal.remedy === deniedRemedy || refusal.code === 'rate.exceeded';
    const policy = refusal.detail.policy;
    return {
      type: denied ? 'certificate.denied' : 'certificate.failed',
      id: this.#parts.id(),
      outcome: denied ? 'denied' : 'failed',
      reason: refusal.code,
      message: cut(refusal.message, maxMessageLength),
      instance: this.#parts.instance,
      door: attempt.door,
      request: requestFacts(attempt, asked, csr),
      peer: peerFacts(attempt),
      ...(caller && { caller: callerFacts(caller.facts) }),
      ...(caller?.facts.impersonation && { onBehalfOf: onBehalfOfFacts(caller.facts) }),
      ...(asked && { asked: askedFacts(asked, csr) }),
      decision: {
        policy: permit?.terms.policy ?? (typeof policy === 'string' ? policy : undefined),
        policySetId: permit?.terms.policySetId ?? this.#parts.policySetId(),
      },
      ...(flight.outside && cameBackFacts(flight.outside, this.#parts.includeCertificate)),
    };
  }

  #success(
    type: 'certificate.issued' | 'request.approved',
    { attempt, asked, caller, csr, permit }: Flight,
    made?: MadeFacts,
  ): AuditEvent {
    if (asked === undefined || caller === undefined || permit === undefined) throw withoutProof();
    const { terms } = permit;
    return {
      type,
      id: this.#parts.id(),
      outcome: 'success',
      instance: this.#parts.instance,
      door: attempt.door,
      request: requestFacts(attempt, asked, csr),
      peer: peerFacts(attempt),
      caller: callerFacts(caller.facts),
      ...(caller.facts.impersonation && { onBehalfOf: onBehalfOfFacts(caller.facts) }),
      asked: askedFacts(asked, csr),
      decision: {
        clamped: terms.clamped && { from: terms.clamped.from, to: terms.clamped.to },
        level: terms.level,
        mode: 'enforce',
        permitted: made?.outside?.permitted,
        policy: terms.policy,
        policySetId: terms.policySetId,
        priority: terms.priority,
      },
      ...(made && { certificate: made.facts }),
      ...(made && this.#parts.includeCertificate && { certificateDer: base64(made.der) }),
      ...(made?.outside && { outside: made.outside.trail }),
    };
  }
}

/** Of a certificate: what stands in its record, and its DER. */
interface MadeFacts {
  readonly facts: Json;
  readonly der: Uint8Array;
  readonly outside?: { readonly permitted: Json; readonly trail: Json };
}

const isSpiffeId = ({ kind, value }: VerifiedCsr['sans'][number]) => kind === 'uri' && value.startsWith('spiffe://');

const withoutProof = () => new Error('a flight without proof');

function requestFacts({ id, traceparent }: Attempt, asked: Asked | undefined, csr: VerifiedCsr | undefined): Json {
  return { bytes: asked?.csr.length, id, sha256: csr?.sha256, traceparent };
}

function peerFacts({ evidence: { peer } }: Attempt): Json | undefined {
  if (peer === undefined) return undefined;
  return {
    ip: peer.ip,
    port: peer.port,
    tls: peer.tls && { cipher: peer.tls.cipher, sni: peer.tls.sni, version: peer.tls.version },
  };
}

/** Whoever proved itself, also where it got another's identity. */
function callerFacts(given: CallerFacts): Json {
  const facts = given.impersonation?.by ?? given;
  const { credential } = facts;
  return {
    authenticator: facts.authenticator,
    cluster: facts.cluster,
    credential: {
      audience: credential.audience?.slice(0, maxNames).map(claim),
      certificateSha256: credential.certificateSha256,
      expires: credential.expires,
      issuer: claim(credential.issuer),
      jti: claim(credential.jti),
      kid: claim(credential.kid),
      subject: claim(credential.subject),
    },
    identity: facts.identity,
    issuerRef: facts.issuerRef,
    namespace: facts.namespace,
    node: facts.node,
    nodeUid: facts.nodeUid,
    pod: facts.pod && { name: facts.pod.name, uid: facts.pod.uid },
    serviceAccount: facts.serviceAccount,
    serviceAccountUid: facts.serviceAccountUid,
    user: facts.user && userFacts(facts.user),
  };
}

/** As many groups as there is room for; a policy may have looked at any, so it is said where some are left out. */
function userFacts({ name, uid, groups }: NonNullable<CallerFacts['user']>): Json {
  const kept: string[] = [];
  let room = maxGroupsLength;
  for (const group of groups) {
    room -= group.length;
    if (room < 0 || kept.length === maxGroups) break;
    kept.push(group);
  }
  return {
    groupCount: kept.length === groups.length ? undefined : groups.length,
    groups: kept,
    name: claim(name),
    uid: claim(uid),
  };
}

function onBehalfOfFacts({ identity, node, impersonation }: CallerFacts): Json {
  const pod = impersonation?.pod;
  return { identity, node, pod: pod && { name: pod.name, uid: pod.uid } };
}

/** All of it that a policy can look at, so that the decision can be made again; what most requests have not is left out. */
function askedFacts({ wish }: Asked, csr: VerifiedCsr | undefined): Json {
  return {
    above: wish.ttlAbove,
    attributes: someOf(csr?.unknownAttributes),
    challengePassword: csr?.challengePassword || undefined,
    commonName: csr?.subject.commonName,
    csrSignature: csr?.signature,
    eku: someOf(csr?.extendedKeyUsage),
    extensions: csr?.extensionOids,
    impersonate: isNamed(wish) ? undefined : identifier(wish.impersonate),
    key: csr && { kind: csr.key.kind, spkiSha256: csr.key.spkiSha256 },
    kind: wish.kind,
    ku: someOf(csr?.keyUsage),
    names: isNamed(wish) ? undefined : wish.csrNames,
    sans: csr?.sans.slice(0, maxNames).map((san) => `${san.kind}:${san.value.slice(0, maxNameLength)}`),
    signer: identifier(wish.signer),
    span: wish.span && { least: wish.span.least, most: wish.span.most },
    ttl: safeInteger(wish.ttl),
    ttlAtMost: wish.ttlAtMost,
    ttlFrom: wish.ttlFrom,
  };
}

const someOf = (words: readonly string[] | undefined) =>
  words === undefined || words.length === 0 ? undefined : words.slice(0, maxNames);

function claim<Text extends string | undefined>(text: Text): Text | string {
  return text === undefined ? text : cut(text, maxNameLength);
}

/** As it was asked for, where it could be one at all: no character that JSON would write as six. */
function identifier(text: string | undefined): string | undefined {
  return text === undefined ? undefined : cut(text, maxAskedLength).replace(/[^\x20-\x7e]/g, '?');
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : text.slice(0, most).toWellFormed();
}

/** Canonical JSON has no integers past 2^53; a lifetime beyond is as good as the largest. */
function safeInteger(value: bigint): number {
  const limit = BigInt(Number.MAX_SAFE_INTEGER);
  return Number(value > limit ? limit : value < -limit ? -limit : value);
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}
