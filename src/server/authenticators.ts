import { readFileSync } from 'node:fs';
import { AuthenticatorChain } from '#authn/chain.ts';
import { ClientCertificateAuthenticator } from '#authn/client-certificate.ts';
import { serviceAccountMapping, templateMapping } from '#authn/oidc/identity-mapping.ts';
import { fileKeys, type KeySource, urlKeys } from '#authn/oidc/key-source.ts';
import { OidcAuthenticator } from '#authn/oidc/oidc-authenticator.ts';
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

function openKeys(jwks: OidcConfig['jwks']): KeySource {
  if ('file' in jwks) return fileKeys(jwks.file);
  return urlKeys(jwks.url, jwks.ca === undefined ? {} : { ca: readFileSync(jwks.ca, 'utf8') });
}
