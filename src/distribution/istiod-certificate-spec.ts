import type { KubernetesObject } from '#kubernetes/api.ts';

export interface IstiodCertificateTerms {
  readonly namespace: string;
  readonly secret: string;
  readonly uri: string;
  /** `default` is the revision without a name. */
  readonly revisions: readonly string[];
  readonly additionalDnsNames: readonly string[];
  /** Such as `rsa:2048`, `ec:P-256`. */
  readonly keyType: string;
  readonly lifetimeSeconds: number;
  /** Part of the lifetime. */
  readonly renewAt: number;
}

/** `spec` of istiod's Certificate as istio-csr writes it, less the issuer (contract istio-ca §4.5). */
export function istiodCertificateSpec(terms: IstiodCertificateTerms): KubernetesObject {
  const { namespace, lifetimeSeconds, renewAt } = terms;
  const nameOf = (revision: string) => (revision === 'default' ? 'istiod' : `istiod-${revision}`);
  const services = terms.revisions.map((revision) => `${nameOf(revision)}.${namespace}.svc`);
  return {
    commonName: `istiod.${namespace}.svc`,
    dnsNames: [...new Set([...services, ...terms.additionalDnsNames])],
    uris: [terms.uri],
    secretName: terms.secret,
    duration: goDuration(lifetimeSeconds),
    renewBefore: goDuration(Math.round(lifetimeSeconds * (1 - renewAt))),
    privateKey: { rotationPolicy: 'Always', ...keyOf(terms.keyType) },
    revisionHistoryLimit: 1,
  };
}

function keyOf(keyType: string) {
  const size = Number(/\d+$/.exec(keyType)?.[0]);
  return { algorithm: keyType.startsWith('rsa:') ? 'RSA' : 'ECDSA', size };
}

/** As Go writes it, so that what istio-csr left is not written again for its form. */
function goDuration(seconds: number): string {
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  if (hours > 0) return `${hours}h${minutes}m${rest}s`;
  return minutes > 0 ? `${minutes}m${rest}s` : `${rest}s`;
}
