import { count, flag, oneOf, optional, path, secret, section, text } from './field.ts';

/** A bucket that speaks S3. `prefix`: what keys begin with unless told. */
export const bucketFields = (prefix: string) => ({
  endpoint: text('Where it is, such as https://s3.eu-north-1.amazonaws.com'),
  bucket: text('Its name'),
  prefix: text('What the keys of all objects begin with, such as mesh/', { default: prefix }),
  region: text('The region that requests are signed for', { default: 'us-east-1' }),
  accessKey: secret('Where the id of the access key is; read again for each request'),
  secretKey: secret('Where its secret is'),
  sessionToken: optional(secret('Where the token is that belongs to keys that are lent for a while')),
  pathStyle: flag("Whether the bucket stands in the path, not in the host's name", { default: true }),
  ca: optional(path('Whom to trust, PEM; left out for the public CAs')),
  lock: optional(
    section('How long objects are locked, of a bucket that was made with object lock', {
      mode: oneOf('As S3 has them', ['governance', 'compliance']),
      days: count('For so many days from when they are put', { minimum: 1, maximum: 36_500 }),
    }),
  ),
});
