import { parseDuration } from '#document/scalars.ts';
import type { PathFrom } from './resolve-key.ts';
import { resolveOidcToken } from './resolve-oidc-token.ts';
import type { ServerConfigText } from './schema/server-config.ts';
import type { AuthenticatorConfig, KubernetesConfig, OidcConfig } from './sections/authenticators.ts';

type Entry = ServerConfigText['authenticators'][number];

/** The entry has passed `checkAuthenticators`: it is one of the four. */
export function resolveAuthenticator({ oidc, kubernetes, xfcc }: Entry, from: PathFrom): AuthenticatorConfig {
  if (oidc !== undefined) return resolveOidc(oidc, from);
  if (xfcc !== undefined) return { kind: 'xfcc', ...xfcc };
  return kubernetes === undefined ? { kind: 'client-cert' } : resolveKubernetes(kubernetes, from);
}

function resolveOidc(oidc: NonNullable<Entry['oidc']>, from: PathFrom): OidcConfig {
  return {
    kind: 'oidc',
    ...resolveOidcToken(oidc, from),
    ...(oidc.identity === undefined ? {} : { identity: oidc.identity }),
  };
}

function resolveKubernetes(entry: NonNullable<Entry['kubernetes']>, from: PathFrom): KubernetesConfig {
  const { kubeconfig, context, remoteClusters, local } = entry;
  return {
    kind: 'k8s-token',
    mode: entry.mode,
    audiences: entry.audiences,
    cluster: entry.cluster,
    clusterAliases: new Map(entry.clusterAliases.map(({ alias, cluster }) => [alias, cluster])),
    ...(kubeconfig !== undefined && {
      kubeconfig: { path: from(kubeconfig), ...(context !== undefined && { context }) },
    }),
    timeoutMs: parseDuration(entry.timeout) * 1000,
    unboundTokens: entry.unboundTokens,
    trustedNodeAccounts: entry.trustedNodeAccounts,
    ...(remoteClusters !== undefined && { remoteClusters }),
    local: {
      staleAfterMs: parseDuration(local.staleAfter) * 1000,
      serveForMs: parseDuration(local.serveFor) * 1000,
      issuers: local.issuers,
    },
  };
}
