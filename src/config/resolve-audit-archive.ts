import type { S3Settings } from '#s3/settings.ts';
import type { PathFrom } from './resolve-key.ts';
import type { ServerConfigText } from './schema/server-config.ts';
import type { AuditConfig } from './sections/audit.ts';

type ArchiveText = NonNullable<ServerConfigText['audit']['archive']>;
type SecretText = NonNullable<ArchiveText['s3']>['accessKey'];

export function resolveArchive({ directory, s3 }: ArchiveText, from: PathFrom): NonNullable<AuditConfig['archive']> {
  return s3 === undefined ? { directory: from(directory ?? '') } : { s3: resolveBucket(s3, from) };
}

function resolveBucket(s3: NonNullable<ArchiveText['s3']>, from: PathFrom): S3Settings {
  const { endpoint, bucket, prefix, region, accessKey, secretKey, pathStyle, ca, lock } = s3;
  const secret = ({ file, env }: SecretText) => (env === undefined ? { file: from(file ?? '') } : { env });
  return {
    ...{ endpoint: endpoint.replace(/\/$/, ''), bucket, region, pathStyle },
    prefix: prefix.endsWith('/') ? prefix : `${prefix}/`,
    accessKey: secret(accessKey),
    secretKey: secret(secretKey),
    ...(ca !== undefined && { ca: from(ca) }),
    ...(lock !== undefined && { lock }),
  };
}
