import { parseDuration } from '#document/scalars.ts';
import type { PathFrom } from './resolve-key.ts';
import type { ServerConfigText } from './schema/server-config.ts';
import type { OidcTokenConfig } from './sections/authenticators.ts';

type OidcToken = NonNullable<NonNullable<ServerConfigText['api']>['oidc']>;

/** The section has passed `checkOidcToken`. */
export function resolveOidcToken(oidc: OidcToken, from: PathFrom): OidcTokenConfig {
  const { url, ca, file = '' } = oidc.jwks;
  return {
    issuer: oidc.issuer,
    audiences: oidc.audiences,
    audienceForm: oidc.audienceForm,
    jwks: url === undefined ? { file: from(file) } : { url, ...(ca !== undefined && { ca: from(ca) }) },
    algorithms: oidc.algorithms,
    clockToleranceSeconds: parseDuration(oidc.clockTolerance),
  };
}
