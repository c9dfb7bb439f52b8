import { Administrators } from '#authn/admin/administrators.ts';
import { TokenCheck } from '#authn/oidc/token-check.ts';
import type { ApiConfig } from '#config/sections/api.ts';
import type { Clock } from '#issuance/ports.ts';
import { openKeys } from '../oidc-keys.ts';

/** The configured ways to prove who is at the admin API. Throws when one cannot be set up. */
export function administrators({ grants, oidc, clientRoots }: ApiConfig, clock: Clock): Administrators {
  return new Administrators({
    clock,
    grants,
    certificates: clientRoots !== undefined,
    ...(oidc !== undefined && { tokens: new TokenCheck({ ...oidc, keys: openKeys(oidc.jwks), clock }) }),
  });
}
