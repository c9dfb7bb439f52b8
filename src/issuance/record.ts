import { hash } from 'node:crypto';
import type { AuditEvent, Json } from '#audit/event.ts';
import type { CallerFacts } from '#policy/caller.ts';
import type { Refusal } from '#refusal/refusal.ts';
import type { VerifiedCsr } from '#x509/csr/verified-csr.ts';
import type { Draft } from './draft.ts';
import type { Flight } from './flight.ts';
import type { LiveIssuer } from './live-issuer.ts';
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
const extendedKeyUsages = ['serverAuth', 'clientAuth'] as const;

/** Turns the end of a flight into its one record (contract audit §6.3). Pure but for the ids it is given. */
export class Recorder {
  readonly #parts: RecorderParts;

  constructor(parts: RecorderParts) {
    this.#parts = parts;
  }

  issued(flight: Flight, issuer: LiveIssuer, draft: Draft, certificate: Uint8Array): AuditEvent {
    const { attempt, asked, caller, csr, permit } = flight;
    if (asked === undefined || caller === undefined || csr === undefined || permit === undefined) {
      throw new Error('a flight without proof');
    }
    const { terms } = permit;
    flight.serial = Buffer.from(draft.serial.buffer, draft.serial.byteOffset, draft.serial.length).toString('hex');
    return {
      type: 'certificate.issued',
      id: this.#parts.id(),
      outcome: 'success',
      instance: this.#parts.instance,
      door: attempt.door,
      request: requestFacts(attempt, asked, csr),
      peer: peerFacts(attempt),
      caller: callerFacts(caller.facts),
      asked: askedFacts(asked, csr),
      decision: {
        policySetId: terms.policySetId,
        policy: terms.policy,
        priority: terms.priority,
        mode: 'enforce',
        clamped: terms.clamped && { from: terms.clamped.from, to: terms.clamped.to },
        level: terms.level,
      },
      certificate: {
        serial: flight.serial,
        sha256: hash('sha256', certificate, 'hex'),
        tbsSha256: hash('sha256', draft.tbs, 'hex'),
        issuer: { name: issuer.name, keyId: issuer.keyId, certSha256: issuer.certificateSha256 },
        identity: terms.identity,
        sans: [terms.identity],
        notBefore: new Date(terms.notBefore * 1000).toISOString(),
        notAfter: new Date(terms.notAfter * 1000).toISOString(),
        ttl: terms.ttl,
        key: { kind: csr.key.kind, spkiSha256: csr.key.spkiSha256 },
        signatureAlgorithm: issuer.signer.algorithm,
        profile: issuer.profile,
        ku: terms.keyUsage,
        eku: extendedKeyUsages,
      },
      ...(this.#parts.includeCertificate && { certificateDer: base64(certificate) }),
    };
  }

  refused(flight: Flight, refusal: Refusal): AuditEvent {
    const { attempt, asked, caller, csr, permit } = flight;
    const denied = refusal.remedy === deniedRemedy || refusal.code === 'rate.exceeded';
    const policy = refusal.detail['policy'];
    return {
      type: denied ? 'certificate.denied' : 'certificate.failed',
      id: this.#parts.id(),
      outcome: denied ? 'denied' : 'failed',
      reason: refusal.code,
      message: refusal.message,
      instance: this.#parts.instance,
      door: attempt.door,
      request: requestFacts(attempt, asked, csr),
      peer: peerFacts(attempt),
      ...(caller && { caller: callerFacts(caller.facts) }),
      ...(asked && { asked: askedFacts(asked, csr) }),
      decision: {
        policySetId: permit?.terms.policySetId ?? this.#parts.policySetId(),
        policy: permit?.terms.policy ?? (typeof policy === 'string' ? policy : undefined),
      },
    };
  }
}

function requestFacts({ id, traceparent }: Attempt, asked: Asked | undefined, csr: VerifiedCsr | undefined): Json {
  return { id, traceparent, bytes: asked?.csr.length, sha256: csr?.sha256 };
}

function peerFacts({ evidence: { peer } }: Attempt): Json {
  return {
    ip: peer.ip,
    port: peer.port,
    tls: peer.tls && { version: peer.tls.version, cipher: peer.tls.cipher, sni: peer.tls.sni },
  };
}

function callerFacts(facts: CallerFacts): Json {
  const { credential } = facts;
  return {
    identity: facts.identity,
    cluster: facts.cluster,
    namespace: facts.namespace,
    serviceAccount: facts.serviceAccount,
    pod: facts.pod && { name: facts.pod.name, uid: facts.pod.uid },
    node: facts.node,
    authenticator: facts.authenticator,
    credential: {
      issuer: credential.issuer,
      audience: credential.audience,
      subject: credential.subject,
      jti: credential.jti,
      expires: credential.expires,
      kid: credential.kid,
      certificateSha256: credential.certificateSha256,
    },
  };
}

function askedFacts({ wish }: Asked, csr: VerifiedCsr | undefined): Json {
  return {
    ttl: safeInteger(wish.ttl),
    signer: wish.signer,
    impersonate: wish.impersonate,
    sans: csr?.sans.slice(0, maxNames).map((san) => `${san.kind}:${san.value.slice(0, maxNameLength)}`),
    key: csr && { kind: csr.key.kind, spkiSha256: csr.key.spkiSha256 },
    csrSignature: csr?.signature,
    extensions: csr?.extensionOids,
  };
}

/** Canonical JSON has no integers past 2^53; a lifetime beyond is as good as the largest. */
function safeInteger(value: bigint): number {
  const limit = BigInt(Number.MAX_SAFE_INTEGER);
  return Number(value > limit ? limit : value < -limit ? -limit : value);
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}
