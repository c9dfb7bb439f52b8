import type { FlagProblem } from './flags/parse.ts';
import type { IstioCsrFlag, IstioCsrValues } from './line.ts';

/** What a flag asks for that is not in this version: nothing starts that would leave it out. */
export function notHonoured(values: IstioCsrValues): readonly FlagProblem[] {
  const problems: FlagProblem[] = [];
  const refuse = (flag: IstioCsrFlag, message: string) => problems.push({ flag, message });
  for (const flag of kubeconfigMatters) {
    if (values[flag] !== '') refuse(flag, 'write it into a kubeconfig and name that with --kubeconfig');
  }
  if (values['insecure-skip-tls-verify']) refuse('insecure-skip-tls-verify', 'the API server is always verified');
  for (const flag of ['as', 'as-group', 'as-uid'] as const)
    if (values[flag].length > 0) refuse(flag, 'we act as ourselves: give the service account the rights');
  if (!['', '0', '0s'].includes(values['request-timeout']))
    refuse('request-timeout', 'say how long a question may take under authenticators: kubernetes.timeout');
  return problems;
}

const kubeconfigMatters = [
  'cluster',
  'user',
  'server',
  'token',
  'certificate-authority',
  'client-certificate',
  'client-key',
  'tls-server-name',
] as const satisfies readonly IstioCsrFlag[];

/** The same where no flag names an issuer of cert-manager. */
export const withoutOutsideIssuer: Readonly<Partial<Record<IstioCsrFlag, string>>> = {
  'certificate-namespace': 'our own issuers sign without CertificateRequests',
  'preserve-certificate-requests': 'our own issuers sign without CertificateRequests; the log keeps every decision',
  'certificate-request-additional-annotations': 'our own issuers sign without CertificateRequests',
  'issuer-enabled': 'it leaves signing to our own issuers',
  'issuer-name': '--issuer-enabled=false leaves signing to our own issuers',
  'issuer-kind': '--issuer-enabled=false leaves signing to our own issuers',
  'issuer-group': '--issuer-enabled=false leaves signing to our own issuers',
  'istiod-cert-name': 'the Secret istiod-tls is written without a Certificate object',
  'istiod-cert-additional-annotations': 'the Secret istiod-tls is written without a Certificate object',
};

/** Flags that have nothing to act on here, and why: said at the start where one was given. */
export const withoutEffect: Readonly<Partial<Record<IstioCsrFlag, string>>> = {
  'disable-kubernetes-client-rate-limiter': 'calls of the Kubernetes API have bounds of their own',
  'max-concurrent-reconciles': 'ConfigMaps are written with a bound of their own',
  namespace: 'every flag that needs a namespace names its own',
  'cache-dir': 'nothing is cached on disk',
  'disable-compression': 'answers of the Kubernetes API are not compressed',
};
