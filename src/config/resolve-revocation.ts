import { parseDuration } from '#document/scalars.ts';
import { listenAddress } from './listen-address.ts';
import type { PathFrom } from './resolve-key.ts';
import type { ServerConfigText } from './schema/server-config.ts';
import type { RevocationConfig } from './sections/revocation.ts';

export function resolveRevocation(
  {
    documents,
    directory,
    upperCrls,
    listen,
    maxConnections,
    url,
    crlLifetime,
    ocspLifetime,
  }: NonNullable<ServerConfigText['revocation']>,
  from: PathFrom,
): RevocationConfig {
  return {
    documents: documents.map(from),
    directory: from(directory),
    upperCrls: upperCrls.map(from),
    listen: listenAddress(listen),
    maxConnections,
    ...(url !== undefined && { url: url.replace(/\/+$/, '') }),
    crlLifetimeSeconds: parseDuration(crlLifetime),
    ocspLifetimeSeconds: parseDuration(ocspLifetime),
  };
}
