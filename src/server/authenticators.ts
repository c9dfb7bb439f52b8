import { AuthenticatorChain } from '#authn/chain.ts';
import { ClientCertificateAuthenticator } from '#authn/client-certificate.ts';
import { Clusters } from '#authn/kubernetes/clusters.ts';
import { KubernetesAuthenticator } from '#authn/kubernetes/kubernetes-authenticator.ts';
import { NodeAuthorization } from '#authn/node/node-authorization.ts';
import { TrustedAccounts } from '#authn/node/trusted-accounts.ts';
import { serviceAccountMapping, templateMapping } from '#authn/oidc/identity-mapping.ts';
import { OidcAuthenticator } from '#authn/oidc/oidc-authenticator.ts';
import type { OpenCluster } from '#authn/remote/open-cluster.ts';
import { XfccAuthenticator } from '#authn/xfcc/xfcc-authenticator.ts';
import type { AuthenticatorConfig, KubernetesConfig, OidcConfig, XfccConfig } from '#config/sections/authenticators.ts';
import type { ServerConfig } from '#config/server-config.ts';
import type { AuditLog, Authenticator, Clock, Impersonation } from '#issuance/ports.ts';
import type { TrustDomain } from '#spiffe/spiffe-id.ts';
import { KubernetesCallerMetrics } from '#telemetry/kubernetes-callers.ts';
import { AddressRanges } from '#x509/address-ranges.ts';
import type { NamedClusters } from './followed-cluster.ts';
import type { Foundation } from './foundation.ts';
import { openCluster } from './kubernetes-cluster.ts';
import { openKeys } from './oidc-keys.ts';
import { followRemoteClusters } from './remote-clusters.ts';

/** The configured ways to prove a caller, in their order. */
export interface Callers {
  readonly authenticator: AuthenticatorChain;
  /** Absent: no account is trusted to act for others. */
  readonly impersonation?: Impersonation;
  /** Name of a part → why callers cannot be proven by it yet. */
  readonly parts: ReadonlyMap<string, () => string | undefined>;
  /** Clusters that others name are followed from here on; `log` is told of them. To be closed before it. */
  followRemote(log: AuditLog): Remote;
  close(): Promise<void>;
}

interface Remote {
  close(): Promise<void>;
}

/** Throws when there is none, or when one cannot be set up as it is configured. */
export function openAuthenticators(foundation: Foundation, named: NamedClusters): Callers {
  const { config, clock } = foundation;
  const opened: OpenClusters[] = [];
  const parts = new Map<string, () => string | undefined>();
  let impersonation: Impersonation | undefined;
  const open = (each: AuthenticatorConfig): Authenticator => {
    if (each.kind === 'oidc') return oidc(each, config.trustDomain, clock);
    if (each.kind === 'client-cert')
      return new ClientCertificateAuthenticator({ trustDomain: config.trustDomain, clock });
    if (each.kind === 'xfcc') return xfcc(each, config.trustDomain);
    const made = openClusters(each, foundation, named);
    const { local, clusters } = made;
    opened.push(made);
    parts.set('kubernetes-callers', () => local.awaits);
    if (each.trustedNodeAccounts.length > 0) impersonation = nodeAuthorization(each, clusters, config);
    return new KubernetesAuthenticator({ clusters, trustDomain: config.trustDomain });
  };
  const authenticator = new AuthenticatorChain(config.authenticators.map(open));
  return {
    authenticator,
    ...(impersonation !== undefined && { impersonation }),
    parts,
    followRemote(log) {
      const remote = opened.map((each) => each.followRemote(log));
      return { close: async () => void (await Promise.all(remote.map((each) => each.close()))) };
    },
    async close() {
      await Promise.all(opened.map(({ local }) => local.close()));
    },
  };
}

interface OpenClusters {
  /** The one that calls without a cluster id are about; readiness is about it alone. */
  readonly local: OpenCluster;
  readonly clusters: Clusters;
  followRemote(log: AuditLog): Remote;
}

function openClusters(config: KubernetesConfig, foundation: Foundation, named: NamedClusters): OpenClusters {
  const metrics = new KubernetesCallerMetrics(foundation.metrics.registry);
  const local = openCluster(config.cluster, named.at(config.kubeconfig), config, foundation, metrics);
  const clusters = new Clusters(local, config.clusterAliases);
  const { remoteClusters } = config;
  return {
    local,
    clusters,
    followRemote: (log) =>
      remoteClusters === undefined
        ? { close: async () => undefined }
        : followRemoteClusters(
            clusters,
            named.at(config.kubeconfig).api,
            config,
            remoteClusters,
            foundation,
            metrics,
            log,
          ),
  };
}

function nodeAuthorization(
  { trustedNodeAccounts }: KubernetesConfig,
  clusters: Clusters,
  { trustDomain, trustDomainAliases }: ServerConfig,
): Impersonation {
  return new NodeAuthorization({
    trusted: new TrustedAccounts(trustedNodeAccounts),
    trustDomains: [trustDomain, ...trustDomainAliases],
    podsOf: (cluster) => clusters.known(cluster)?.pods,
  });
}

function xfcc({ trustedProxies }: XfccConfig, trustDomain: TrustDomain): XfccAuthenticator {
  return new XfccAuthenticator({ proxies: new AddressRanges(trustedProxies), trustDomain });
}

function oidc(config: OidcConfig, trustDomain: TrustDomain, clock: Clock): OidcAuthenticator {
  return new OidcAuthenticator({
    issuer: config.issuer,
    audiences: config.audiences,
    audienceForm: config.audienceForm,
    keys: openKeys(config.jwks),
    mapping:
      config.identity === undefined
        ? serviceAccountMapping(trustDomain)
        : templateMapping(config.identity, trustDomain),
    clock,
    algorithms: config.algorithms,
    clockToleranceSeconds: config.clockToleranceSeconds,
  });
}
