import type { Grant, Who } from '#authn/admin/role-table.ts';
import { parseDuration } from '#document/scalars.ts';
import { listenAddress } from './listen-address.ts';
import type { PathFrom } from './resolve-key.ts';
import { resolveOidcToken } from './resolve-oidc-token.ts';
import type { ServerConfigText } from './schema/server-config.ts';
import type { ApiConfig } from './sections/api.ts';

type Api = NonNullable<ServerConfigText['api']>;

/** The section has passed `checkApi`. */
export function resolveApi({ serving, clientCertificates, oidc, ...api }: Api, from: PathFrom): ApiConfig {
  return {
    listen: listenAddress(api.listen),
    serving: {
      dnsNames: serving.dnsNames,
      ipAddresses: serving.ipAddresses,
      keyType: serving.keyType,
      lifetimeSeconds: parseDuration(serving.lifetime),
      renewAt: serving.renewAt,
    },
    ...(clientCertificates !== undefined && { clientRoots: from(clientCertificates.roots) }),
    ...(oidc !== undefined && { oidc: resolveOidcToken(oidc, from) }),
    grants: api.roles.map(({ who, roles }): Grant => ({ who: resolveWho(who), roles })),
    limits: api.limits,
  };
}

function resolveWho({ spiffeId, subject, certificateSha256, claims = [] }: Api['roles'][number]['who']): Who {
  if (spiffeId !== undefined) return { by: 'spiffeId', value: spiffeId };
  if (subject !== undefined) return { by: 'subject', value: subject };
  if (certificateSha256 !== undefined) return { by: 'certificateSha256', value: certificateSha256 };
  return { by: 'claims', claims };
}
