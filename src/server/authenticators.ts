import { AuthenticatorChain } from '#authn/chain.ts';
import { ClientCertificateAuthenticator } from '#authn/client-certificate.ts';
import { serviceAccountMapping } from '#authn/oidc/identity-mapping.ts';
import { fileKeys, urlKeys } from '#authn/oidc/key-source.ts';
import { OidcAuthenticator } from '#authn/oidc/oidc-authenticator.ts';
import { isTokenAlgorithm } from '#authn/oidc/token-algorithm.ts';
import type { AuthenticatorConfig, OidcConfig } from '#config/server-config.ts';
import type { Authenticator, Clock } from '#issuance/ports.ts';
import type { TrustDomain } from '#spiffe/spiffe-id.ts';

/** The configured ways to prove a caller, in their order. Throws when there is none. */
export function openAuthenticators(
  configs: readonly AuthenticatorConfig[],
  trustDomain: TrustDomain,
  clock: Clock,
): AuthenticatorChain {
  return new AuthenticatorChain(
    configs.map(
      (config): Authenticator =>
        config.kind === 'oidc'
          ? oidc(config, trustDomain, clock)
          : new ClientCertificateAuthenticator({ trustDomain, clock }),
    ),
  );
}

function oidc(config: OidcConfig, trustDomain: TrustDomain, clock: Clock): OidcAuthenticator {
  return new OidcAuthenticator({
    issuer: config.issuer,
    audiences: config.audiences,
    keys: 'url' in config.jwks ? urlKeys(config.jwks.url) : fileKeys(config.jwks.file),
    mapping: serviceAccountMapping(trustDomain),
    clock,
    algorithms: config.algorithms.filter(isTokenAlgorithm),
    clockToleranceSeconds: config.clockToleranceSeconds,
  });
}
