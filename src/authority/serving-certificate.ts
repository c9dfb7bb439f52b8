import { hash } from 'node:crypto';
import type { AuditEvent, Json } from '#audit/event.ts';
import type { LiveIssuer, SigningIssuer } from '#issuance/live-issuer.ts';
import type { AuditLog, Clock, Signer } from '#issuance/ports.ts';
import { Refusal } from '#refusal/refusal.ts';
import type { Der, KeyKind } from '#x509/algorithms.ts';
import { ipOctets } from '#x509/ip-address.ts';
import { toPem } from '#x509/pem.ts';
import { servingTbs } from '#x509/profile/ca-certificate.ts';
import { type RelayParts, relayServing } from './relayed-serving-certificate.ts';
import { type ServingNames, type ServingProfile, sansOf, servingPurposes } from './serving-profile.ts';

/** A key of a TLS server that we speak for, born for one certificate. */
export interface ServingKey {
  /** PKCS#8 PEM; goes to that server and nowhere else. */
  readonly pem: string;
  readonly spki: Der;
  readonly spkiSha256: string;
  readonly kind: KeyKind;
  /** Signs the request for it, where somebody else makes the certificate. */
  readonly signer: Pick<Signer, 'algorithm' | 'sign'>;
}

export interface ServingPair {
  readonly key: string;
  /** The certificate and its intermediates, PEM. */
  readonly chain: string;
  readonly spkiSha256: string;
  /** Seconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
}

export interface ServingParts {
  readonly profile: ServingProfile;
  readonly issuer: () => LiveIssuer;
  readonly makeKey: () => Promise<ServingKey>;
  readonly serials: () => Uint8Array;
  readonly log: AuditLog;
  readonly clock: Clock;
  readonly eventId: () => string;
  readonly instance: Json;
  readonly names: ServingNames;
  /** Seconds. */
  readonly lifetime: number;
  /** Absent where every issuer signs by itself. */
  readonly relay?: RelayParts;
}

const backdate = 120;

/** Issues a server's certificate, on the record like any other: nothing is used before its record is durable. */
export async function issueServingCertificate(parts: ServingParts): Promise<ServingPair> {
  const issuer = parts.issuer();
  const key = await parts.makeKey();
  if (issuer.way === 'sign') return signServing(parts, issuer, key);
  if (parts.relay === undefined) throw new Refusal('internal', `issuer ${issuer.name} makes certificates elsewhere`);
  return relayServing({ ...parts, relay: parts.relay }, issuer, key);
}

/** Without a CSR: the key is ours as well. */
async function signServing(parts: ServingParts, issuer: SigningIssuer, key: ServingKey): Promise<ServingPair> {
  const now = Math.floor(parts.clock.now() / 1000);
  const notBefore = Math.max(now - backdate, issuer.facts.notBefore);
  const notAfter = Math.min(now + parts.lifetime, issuer.facts.notAfter);
  if (notAfter <= now) throw new Refusal('issuer.expired', `issuer ${issuer.name} has expired`);
  const serial = parts.serials();
  const tbs = servingTbs(
    {
      issuer: issuer.terms,
      spki: key.spki,
      serial,
      notBefore,
      notAfter,
      names: {
        uris: parts.names.uris ?? [],
        dns: parts.names.dnsNames,
        ips: parts.names.ipAddresses.map(ipOctets),
      },
      keyEncipherment: key.kind.startsWith('rsa:'),
      clientAuth: parts.profile === 'control-plane-v1',
    },
    issuer.signer.algorithm,
  );
  const signature = await issuer.signer.sign(tbs);
  if (!(await issuer.verify(tbs, signature))) {
    throw new Refusal('signer.bad-signature', `the signature by issuer ${issuer.name} does not verify`);
  }
  const certificate = issuer.template.assemble(tbs, signature);
  await parts.log.append(record(parts, issuer, key, serial, tbs, certificate, notBefore, notAfter));
  return {
    key: key.pem,
    chain: toPem('CERTIFICATE', certificate) + issuer.intermediates.join(''),
    spkiSha256: key.spkiSha256,
    notBefore,
    notAfter,
  };
}

function record(
  parts: ServingParts,
  issuer: SigningIssuer,
  key: ServingKey,
  serial: Uint8Array,
  tbs: Uint8Array,
  certificate: Uint8Array,
  notBefore: number,
  notAfter: number,
): AuditEvent {
  return {
    type: 'certificate.issued',
    id: parts.eventId(),
    outcome: 'success',
    instance: parts.instance,
    door: 'internal',
    certificate: {
      serial: Buffer.from(serial).toString('hex'),
      sha256: hash('sha256', certificate, 'hex'),
      tbsSha256: hash('sha256', tbs, 'hex'),
      issuer: { name: issuer.name, keyId: issuer.keyId, certSha256: issuer.certificateSha256 },
      sans: sansOf(parts.names),
      notBefore: new Date(notBefore * 1000).toISOString(),
      notAfter: new Date(notAfter * 1000).toISOString(),
      ttl: notAfter - notBefore,
      key: { kind: key.kind, spkiSha256: key.spkiSha256 },
      signatureAlgorithm: issuer.signer.algorithm,
      profile: parts.profile,
      eku: servingPurposes[parts.profile],
    },
    certificateDer: Buffer.from(certificate).toString('base64'),
  };
}
