import type { S3Settings } from '#s3/settings.ts';
import type { PathFrom } from './resolve-key.ts';
import type { ServerConfigText } from './schema/server-config.ts';

export type BucketText = NonNullable<NonNullable<ServerConfigText['audit']['archive']>['s3']>;

export function resolveBucket(text: BucketText, from: PathFrom): S3Settings {
  const { endpoint, bucket, prefix, region, accessKey, secretKey, sessionToken, pathStyle, ca, lock } = text;
  const secret = ({ file, env }: typeof accessKey) => (env === undefined ? { file: from(file ?? '') } : { env });
  return {
    ...{ endpoint: endpoint.replace(/\/$/, ''), bucket, region, pathStyle },
    prefix: prefix.endsWith('/') ? prefix : `${prefix}/`,
    accessKey: secret(accessKey),
    secretKey: secret(secretKey),
    ...(sessionToken !== undefined && { sessionToken: secret(sessionToken) }),
    ...(ca !== undefined && { ca: from(ca) }),
    ...(lock !== undefined && { lock }),
  };
}
