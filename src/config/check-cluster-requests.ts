import { checkAccount } from '#authn/node/trusted-accounts.ts';
import { attempt, type Report, type Step } from './judgement.ts';
import { checkName, labelName, objectName } from './kubernetes-names.ts';
import type { ServerConfigText } from './schema/server-config.ts';

/** `domain/path`, the domain of two labels or more (kubernetes.md §2.1). */
const signerForm = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+\/[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/;
const longestSignerName = 571;

/** The sections of what is answered in a cluster. */
export function checkClusterRequests(config: ServerConfigText, report: Report): void {
  const { podCertificates, signingRequests } = config;
  if (podCertificates !== undefined) {
    checkSigner(podCertificates, ['podCertificates'], config, report);
    checkNamelessIssuer(podCertificates, config, report);
  }
  if (signingRequests === undefined) return;
  checkSigner(signingRequests, ['signingRequests'], config, report);
  for (const [at, requester] of signingRequests.requesters.entries())
    attempt(
      () => checkAccount(requester),
      (message) => report(['signingRequests', 'requesters', at], message),
    );
}

type Signer = Pick<
  NonNullable<ServerConfigText['podCertificates']>,
  'signerName' | 'issuer' | 'context' | 'kubeconfig' | 'lease'
>;

function checkSigner(
  { signerName, issuer, context, kubeconfig, lease }: Signer,
  section: readonly Step[],
  { issuers }: ServerConfigText,
  report: Report,
): void {
  const at = (...path: readonly Step[]) => [...section, ...path];
  if (!signerForm.test(signerName) || signerName.length > longestSignerName)
    report(at('signerName'), 'a signer is DOMAIN/PATH, such as mesh.example/workload');
  else if (/^([^/]*\.)?kubernetes\.io\//.test(signerName))
    report(at('signerName'), 'signers under kubernetes.io belong to Kubernetes itself');
  if (issuer !== undefined && !issuers.some(({ name }) => name === issuer))
    report(at('issuer'), `there is no issuer ${issuer}`);
  if (context !== undefined && kubeconfig === undefined)
    report(at('context'), 'a context is one of a kubeconfig: name that too');
  checkName(lease.namespace, labelName, at('lease', 'namespace'), report);
  checkName(lease.name, objectName, at('lease', 'name'), report);
}

/** An issuer that is relayed to copies the names of a request, and pods' requests have none. */
function checkNamelessIssuer({ issuer }: Signer, { issuers, defaultIssuer }: ServerConfigText, report: Report): void {
  const signing = issuers.find(({ name }) => name === (issuer ?? defaultIssuer ?? issuers[0]?.name));
  if (signing?.certManager === undefined || signing.certManager.way === 'intermediate') return;
  report(
    ['podCertificates', 'issuer'],
    `issuer ${signing.name} may be relayed to, and then names what a request names, while those of pods name nothing: use one of "way: intermediate", or with a key of our own`,
  );
}
