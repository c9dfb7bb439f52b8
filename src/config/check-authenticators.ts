import { checkAccount } from '#authn/node/trusted-accounts.ts';
import { templateMapping } from '#authn/oidc/identity-mapping.ts';
import { checkTrustedNetwork } from '#authn/xfcc/trusted-network.ts';
import { parseTrustDomain } from '#spiffe/spiffe-id.ts';
import { checkOidcToken } from './check-oidc-token.ts';
import { attempt, between, exactlyOne, type Report, type Step } from './judgement.ts';
import type { ServerConfigText } from './schema/server-config.ts';

type Entry = ServerConfigText['authenticators'][number];
type Oidc = NonNullable<Entry['oidc']>;
type Kubernetes = NonNullable<Entry['kubernetes']>;

export function checkAuthenticators(config: ServerConfigText, report: Report): void {
  for (const [at, { clientCertificate, oidc, kubernetes, xfcc }] of config.authenticators.entries()) {
    const path = ['authenticators', at];
    exactlyOne({ clientCertificate, oidc, kubernetes, xfcc }, path, report);
    if (oidc !== undefined) checkOidc(oidc, config.trustDomain, [...path, 'oidc'], report);
    if (xfcc !== undefined) {
      checkEach(xfcc.trustedProxies, checkTrustedNetwork, [...path, 'xfcc', 'trustedProxies'], report);
    }
    if (kubernetes === undefined) continue;
    checkKubernetes(kubernetes, [...path, 'kubernetes'], report);
    if (config.authenticators.findIndex((each) => each.kubernetes !== undefined) < at) {
      report([...path, 'kubernetes'], 'there is one before it: one entry stands for all clusters');
    }
  }
}

function checkEach(
  items: readonly string[],
  parse: (item: string) => unknown,
  path: readonly Step[],
  report: Report,
): void {
  for (const [at, item] of items.entries()) {
    attempt(
      () => parse(item),
      (message) => report([...path, at], message),
    );
  }
}

function checkOidc(oidc: Oidc, trustDomain: string, path: readonly Step[], report: Report): void {
  checkOidcToken(oidc, path, report);
  const template = oidc.identity;
  if (template === undefined) return;
  attempt(
    () => templateMapping(template, parseTrustDomain(trustDomain)),
    (message) => report([...path, 'identity'], message),
  );
}

function checkKubernetes(kubernetes: Kubernetes, path: readonly Step[], report: Report): void {
  const { cluster, clusterAliases, kubeconfig, context, timeout, trustedNodeAccounts, local } = kubernetes;
  if (context !== undefined && kubeconfig === undefined) {
    report([...path, 'context'], 'our own pod has no contexts: this goes with "kubeconfig"');
  }
  between(timeout, '1s', '9s', [...path, 'timeout'], report);
  checkEach(trustedNodeAccounts, checkAccount, [...path, 'trustedNodeAccounts'], report);
  between(local.staleAfter, '40s', '10m', [...path, 'local', 'staleAfter'], report);
  between(local.serveFor, local.staleAfter, '24h', [...path, 'local', 'serveFor'], report);
  for (const [at, { alias }] of clusterAliases.entries()) {
    const again = clusterAliases.findIndex((each) => each.alias === alias) < at;
    if (again) report([...path, 'clusterAliases', at, 'alias'], `"${alias}" is an alias already`);
    if (alias === cluster) report([...path, 'clusterAliases', at, 'alias'], 'this is the id of this cluster itself');
  }
}
