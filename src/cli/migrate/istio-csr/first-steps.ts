import type { IstioCsrValues } from '../../istio-csr/line.ts';
import { outsideIssuer } from '../../istio-csr/outside-issuer.ts';
import type { Found } from './found.ts';

/** What has to be there before the configuration can serve, a sentence or two each. */
export function firstSteps(values: IstioCsrValues, { elsewhere }: Found): readonly string[] {
  return [
    signing(values),
    roots(values),
    'Policy: copy policies/istio.yaml beside this file; --max-client-certificate-duration is istio.maxCertificateLifetime here.',
    'Log: make its key with `countersign audit make-key audit/log.key`, choose audit.origin for good, and give audit/ a volume: the root file system of the pod is read-only.',
    rights(values),
    ...(elsewhere.length === 0
      ? []
      : [`Deployment: these belong to it and not to this file: ${[...new Set(elsewhere.map(topOf))].join(', ')}.`]),
    'Ports: the Service of istio-csr (443 to the port of istio.listen) and its name stay, since agents and istiod know them.',
  ];
}

function signing(values: IstioCsrValues): string {
  const issuer = outsideIssuer(values);
  if (issuer !== undefined) {
    return `Issuer: nothing has to be done. ${issuer.words.replace(/^./, (first) => first.toUpperCase())} is asked for one CA certificate per replica, whose key never leaves memory (approve a CertificateRequest with isCA: true in ${values['certificate-namespace']}); where it says no, each certificate is relayed to it as istio-csr does. issuers[].certManager.way says which of the two is wanted.`;
  }
  return 'Issuer: have whoever signs today sign an intermediate (a Certificate with isCA: true), and put its chain into issuers/mesh.pem and its key into issuers/mesh.key, or the key into an HSM (issuers[].key.pkcs11).';
}

function roots(values: IstioCsrValues): string {
  const file = values['root-ca-file'];
  if (file !== '') return `Roots: mount ${file} as it is today; what is issued must end in it.`;
  if (outsideIssuer(values) !== undefined)
    return 'Roots: what the issuer names as its CA is trusted, as today. To decide that yourself, put the roots into a file and name it in issuers[].roots.';
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
    ...(values['istiod-cert-enabled'] ? [istiodRights(values)] : []),
  ];
  const cert =
    outsideIssuer(values) === undefined
      ? 'Nothing of cert-manager is needed any more.'
      : `certificaterequests get, list, watch, create, delete in ${values['certificate-namespace']}. All that is what istio-csr's chart grants.`;
  return `Rights (RBAC) of the service account: ${list.join('; ')}. ${cert}`;
}

function istiodRights(values: IstioCsrValues): string {
  const namespace = values['istiod-cert-namespace'];
  return outsideIssuer(values) === undefined
    ? `secrets get, list, watch, create, update in ${namespace}, which istio-csr did not need`
    : `certificates get, list, watch, create, update in ${namespace}, as in istio-csr's dynamic mode`;
}

const topOf = (key: string) => (key.startsWith('app.') ? key : (key.split('.', 1)[0] ?? key));
