import type { Report } from './judgement.ts';
import { checkName, labelName, objectName } from './kubernetes-names.ts';
import type { ServerConfigText } from './schema/server-config.ts';

/** `domain/path`, the domain of two labels or more (kubernetes.md §2.1). */
const signerForm = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+\/[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/;
const longestSignerName = 571;

export function checkPodCertificates(
  { podCertificates, issuers, defaultIssuer }: ServerConfigText,
  report: Report,
): void {
  if (podCertificates === undefined) return;
  const { signerName, issuer, context, kubeconfig, lease } = podCertificates;
  const at = (field: string) => ['podCertificates', field];
  if (!signerForm.test(signerName) || signerName.length > longestSignerName)
    report(at('signerName'), 'a signer is DOMAIN/PATH, such as mesh.example/workload');
  else if (/^([^/]*\.)?kubernetes\.io\//.test(signerName))
    report(at('signerName'), 'signers under kubernetes.io belong to Kubernetes itself');
  const signing = issuers.find(({ name }) => name === (issuer ?? defaultIssuer ?? issuers[0]?.name));
  if (signing?.certManager !== undefined && signing.certManager.way !== 'intermediate')
    report(
      at('issuer'),
      `issuer ${signing.name} may be relayed to, and then names what a request names, while those of pods name nothing: use one of "way: intermediate", or with a key of our own`,
    );
  if (issuer !== undefined && !issuers.some(({ name }) => name === issuer))
    report(at('issuer'), `there is no issuer ${issuer}`);
  if (context !== undefined && kubeconfig === undefined)
    report(at('context'), 'a context is one of a kubeconfig: name that too');
  checkName(lease.namespace, labelName, [...at('lease'), 'namespace'], report);
  checkName(lease.name, objectName, [...at('lease'), 'name'], report);
}
