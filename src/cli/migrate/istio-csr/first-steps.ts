import { staticIssuer } from '../../istio-csr/check.ts';
import type { IstioCsrValues } from '../../istio-csr/line.ts';
import type { Found } from './found.ts';

/** What has to be there before the configuration can serve, a sentence or two each. */
export function firstSteps(values: IstioCsrValues, { elsewhere }: Found): readonly string[] {
  return [
    signing(values),
    roots(values),
    'Policy: copy policies/istio.yaml beside this file; --max-client-certificate-duration is istio.maxCertificateLifetime here.',
    'Log: make audit/log.key (openssl genpkey -algorithm ed25519), choose audit.origin for good, and give audit/ a volume: the root file system of the pod is read-only.',
    rights(values),
    ...(elsewhere.length === 0
      ? []
      : [`Deployment: these belong to it and not to this file: ${[...new Set(elsewhere.map(topOf))].join(', ')}.`]),
    'Ports: the Service of istio-csr (443 to the port of istio.listen) and its name stay, since agents and istiod know them.',
  ];
}

function signing(values: IstioCsrValues): string {
  const issuer = staticIssuer(values);
  const from =
    issuer === undefined
      ? 'whoever signs today'
      : `${issuer} in ${values['certificate-namespace']}, which signs today,`;
  return `Issuer: have ${from} sign an intermediate (a Certificate with isCA: true), and put its chain into issuers/mesh.pem and its key into issuers/mesh.key, or the key into an HSM (issuers[].key.pkcs11). An issuer that signs no CA cannot be used in this version: stay with istio-csr then.`;
}

function roots(values: IstioCsrValues): string {
  const file = values['root-ca-file'];
  if (file !== '') return `Roots: mount ${file} as it is today; the new intermediate must end in it.`;
  return 'Roots: put what the mesh trusts now into roots.pem (key root-cert.pem of a ConfigMap istio-ca-root-cert), and the root of the new intermediate if it is another one.';
}

function rights(values: IstioCsrValues): string {
  const lease = values['leader-election-namespace'];
  const list = [
    'tokenreviews create',
    'namespaces and configmaps get, list, watch',
    'configmaps create, update',
    `leases get, create, update in ${lease}`,
    ...(values['ca-trusted-node-accounts'].length > 0 ? ['pods get, list, watch'] : []),
    ...(values['istiod-cert-enabled']
      ? [`secrets get, list, watch, create, update in ${values['istiod-cert-namespace']}, which istio-csr did not need`]
      : []),
  ];
  return `Rights (RBAC) of the service account: ${list.join('; ')}. Nothing of cert-manager is needed any more.`;
}

const topOf = (key: string) => (key.startsWith('app.') ? key : (key.split('.', 1)[0] ?? key));
