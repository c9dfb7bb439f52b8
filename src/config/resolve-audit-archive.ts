import { resolveBucket } from './resolve-bucket.ts';
import type { PathFrom } from './resolve-key.ts';
import type { ServerConfigText } from './schema/server-config.ts';
import type { AuditConfig } from './sections/audit.ts';

type ArchiveText = NonNullable<ServerConfigText['audit']['archive']>;

export function resolveArchive({ directory, s3 }: ArchiveText, from: PathFrom): NonNullable<AuditConfig['archive']> {
  return s3 === undefined ? { directory: from(directory ?? '') } : { s3: resolveBucket(s3, from) };
}
