import { hash } from 'node:crypto';
import type { AuditEvent, Json } from '#audit/event.ts';
import type { Permit } from '#policy/permit.ts';
import { purposeText } from '#x509/extended-key-usage.ts';
import { readSpki } from '#x509/keys/public-key.ts';
import { nameText } from '#x509/name.ts';
import type { OutsideTrail } from '../ports.ts';
import type { HeldCertificate, OutsideNotes } from './held-certificate.ts';

/** Of each name in the trail, in characters; Kubernetes allows half of it. */
const maxNameLength = 512;

/**
 * The certificate as it came, in canonical order. `now`: the second from which its lifetime is counted. `names`: those of
 * certificates of our own are of several kinds.
 */
export function relayedFacts(
  held: HeldCertificate,
  issuer: string,
  now: number,
  names: 'bare' | 'with their kinds' = 'bare',
) {
  const { leaf, issuing } = held;
  const { kind, spkiSha256 } = readSpki(leaf.spki);
  return {
    eku: leaf.extendedKeyUsage?.map(purposeText),
    issuer: {
      certSha256: hash('sha256', issuing.der, 'hex'),
      keyId: issuing.subjectKeyId && Buffer.from(issuing.subjectKeyId).toString('hex'),
      name: issuer,
      subject: nameText(issuing.subject).slice(0, maxNameLength).toWellFormed(),
    },
    key: { kind, spkiSha256 },
    ku: leaf.keyUsage,
    notAfter: new Date(leaf.notAfter * 1000).toISOString(),
    notBefore: new Date(leaf.notBefore * 1000).toISOString(),
    profile: 'outside',
    sans: leaf.names.map(({ kind: of, text }) => (names === 'bare' ? text : `${of}:${text}`)),
    serial: leaf.serialText,
    sha256: held.sha256,
    signatureAlgorithm: leaf.signatureAlgorithm,
    tbsSha256: hash('sha256', leaf.tbs, 'hex'),
    ttl: leaf.notAfter - now + 1,
  } satisfies Json;
}

/** The second of the decision, from which a permit counts its lifetime. */
export const decidedAt = ({ terms }: Permit): number => terms.notAfter - terms.ttl + 1;

/** What a certificate that we did not draft was held against, so that the decision can be made again from the record. */
export function permittedFacts({ terms }: Permit, drawn: Uint8Array | undefined): Json {
  return {
    drawn: drawn && Buffer.from(drawn).toString('hex'),
    notAfter: new Date(terms.notAfter * 1000).toISOString(),
    notBefore: new Date(terms.notBefore * 1000).toISOString(),
    ttl: terms.ttl,
  };
}

/** For the record of an order that came to nothing: a certificate that nobody took exists all the same. */
export function cameBackFacts({ trail, certificate }: OutsideNotes, withDer: boolean): Partial<AuditEvent> {
  return {
    ...(certificate && { certificate: { sha256: hash('sha256', certificate, 'hex') } }),
    ...(certificate && withDer && { certificateDer: Buffer.from(certificate).toString('base64') }),
    ...(trail && { outside: trailFacts(trail) }),
  };
}

/** The outside system's word, cut to what such names can be. */
export function trailFacts({ issuer, name, namespace, uid }: OutsideTrail): Json {
  const cut = (text: string) => text.slice(0, maxNameLength).toWellFormed();
  return { issuer: cut(issuer), name: cut(name), namespace: cut(namespace), uid: cut(uid) };
}
