import { Refusal } from '#refusal/refusal.ts';
import type { KeyKind, SignatureAlgorithm } from '../algorithms.ts';
import type { Certificate } from '../certificate.ts';
import { readSpki } from '../keys/public-key.ts';
import { type Fault, fault } from './fault.ts';

/**
 * What Envoy, ztunnel and the agents would refuse in a chain that is right by RFC 5280. Checked where an issuer is
 * taken over or planned; the operator may know better, so these are warnings.
 */
export function meshClientFaults(path: readonly Certificate[]): Fault[] {
  return path.flatMap((certificate) => [
    ...uriConstraintFaults(certificate),
    ...keyFaults(certificate),
    ...signatureFaults(certificate),
  ]);
}

/** webpki takes every URI subtree as one that does not match, so each leaf with a SPIFFE ID fails in ztunnel. */
function uriConstraintFaults(certificate: Certificate): Fault[] {
  const { nameConstraints } = certificate;
  if (nameConstraints === undefined) return [];
  const all = [...nameConstraints.permitted, ...nameConstraints.excluded];
  return all.some(({ kind }) => kind === 'uri')
    ? [
        fault(
          'name-constraints',
          certificate,
          'it constrains URIs, and ztunnel (ambient) refuses every chain with such a CA',
        ),
      ]
    : [];
}

const keysForAll: readonly KeyKind[] = ['ec:P-256', 'ec:P-384', 'ed25519'];
const signaturesForAll: readonly SignatureAlgorithm[] = [
  ...(['ecdsa-sha256', 'ecdsa-sha384', 'ed25519'] as const),
  ...(['rsa-sha256', 'rsa-sha384', 'rsa-sha512'] as const),
];

function keyFaults(certificate: Certificate): Fault[] {
  const kind = kindOf(certificate);
  if (kind !== undefined && (kind.startsWith('rsa:') || keysForAll.includes(kind))) return [];
  return [fault('key', certificate, `not every mesh client verifies with a key of type ${kind ?? 'unknown to us'}`)];
}

function kindOf(certificate: Certificate): KeyKind | undefined {
  try {
    return readSpki(certificate.spki).kind;
  } catch (thrown) {
    if (thrown instanceof Refusal) return undefined;
    throw thrown;
  }
}

function signatureFaults(certificate: Certificate): Fault[] {
  const { signatureAlgorithm } = certificate;
  if (signatureAlgorithm !== undefined && signaturesForAll.includes(signatureAlgorithm)) return [];
  const name = signatureAlgorithm ?? 'of a kind unknown to us';
  return [fault('algorithm', certificate, `not every mesh client verifies a signature ${name}`)];
}
