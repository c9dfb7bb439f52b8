import { checkAccount } from '#authn/node/trusted-accounts.ts';
import { parseDuration } from '#document/scalars.ts';
import { attempt, type Report, type Step } from './judgement.ts';
import { checkName, labelName, objectName } from './kubernetes-names.ts';
import type { ServerConfigText } from './schema/server-config.ts';

/** `domain/path`, the domain of two labels or more (kubernetes.md §2.1). */
const signerForm = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+\/[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/;
const longestSignerName = 571;
const longestRetrySeconds = 86_400;

/** The section of what is answered in a cluster. */
export function checkClusterRequests(config: ServerConfigText, report: Report): void {
  const { clusterRequests } = config;
  if (clusterRequests === undefined) return;
  const at = (...path: readonly Step[]) => ['clusterRequests', ...path];
  const { context, kubeconfig, lease, podCertificates, signingRequests, certificateRequests } = clusterRequests;
  if (podCertificates === undefined && signingRequests === undefined && certificateRequests === undefined)
    report(at(), 'say which: podCertificates, signingRequests or certificateRequests');
  if (context !== undefined && kubeconfig === undefined)
    report(at('context'), 'a context is one of a kubeconfig: name that too');
  checkName(lease.namespace, labelName, at('lease', 'namespace'), report);
  checkName(lease.name, objectName, at('lease', 'name'), report);
  if (podCertificates !== undefined) {
    checkSigner(podCertificates, at('podCertificates'), config, report);
    checkNamelessIssuer(podCertificates, at('podCertificates', 'issuer'), config, report);
  }
  if (signingRequests !== undefined) {
    checkSigner(signingRequests, at('signingRequests'), config, report);
    for (const [index, requester] of signingRequests.requesters.entries())
      attempt(
        () => checkAccount(requester),
        (message) => report(at('signingRequests', 'requesters', index), message),
      );
  }
  if (certificateRequests?.signerNamesApproval === 'policy' && certificateRequests.signerNames === 'refuse')
    report(
      at('certificateRequests', 'signerNamesApproval'),
      'there is nothing to approve: say signerNames: answer too',
    );
  if (certificateRequests !== undefined && parseDuration(certificateRequests.retryFor) > longestRetrySeconds)
    report(at('certificateRequests', 'retryFor'), 'at most 24h: nobody waits longer');
}

interface Signer {
  readonly signerName: string;
  readonly issuer?: string;
}

function checkSigner(
  { signerName, issuer }: Signer,
  section: readonly Step[],
  { issuers }: ServerConfigText,
  report: Report,
): void {
  if (!signerForm.test(signerName) || signerName.length > longestSignerName)
    report([...section, 'signerName'], 'a signer is DOMAIN/PATH, such as mesh.example/workload');
  else if (/^([^/]*\.)?kubernetes\.io\//.test(signerName))
    report([...section, 'signerName'], 'signers under kubernetes.io belong to Kubernetes itself');
  if (issuer !== undefined && !issuers.some(({ name }) => name === issuer))
    report([...section, 'issuer'], `there is no issuer ${issuer}`);
}

/** An issuer that is relayed to copies the names of a request, and pods' requests have none. */
function checkNamelessIssuer(
  { issuer }: Signer,
  at: readonly Step[],
  { issuers, defaultIssuer }: ServerConfigText,
  report: Report,
): void {
  const signing = issuers.find(({ name }) => name === (issuer ?? defaultIssuer ?? issuers[0]?.name));
  if (signing?.certManager === undefined || signing.certManager.way === 'intermediate') return;
  report(
    at,
    `issuer ${signing.name} may be relayed to, and then names what a request names, while those of pods name nothing: use one of "way: intermediate", or with a key of our own`,
  );
}
