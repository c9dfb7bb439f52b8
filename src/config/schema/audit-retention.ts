import { count, duration, flag, oneOf, optional, path, secret, section, text } from './field.ts';

export const auditRetention = section('How long the log keeps what it holds; left out, for ever', {
  bodies: optional(
    duration(
      'For how long a record of a request stays after it, and after the end of its certificate; then its hash alone is left',
    ),
  ),
});

const bucket = section('A bucket that speaks S3', {
  endpoint: text('Where it is, such as https://s3.eu-north-1.amazonaws.com'),
  bucket: text('Its name'),
  prefix: text('What the keys of all objects begin with, such as mesh/', { default: 'countersign/' }),
  region: text('The region that requests are signed for', { default: 'us-east-1' }),
  accessKey: secret('Where the id of the access key is; read again for each request'),
  secretKey: secret('Where its secret is'),
  pathStyle: flag("Whether the bucket stands in the path, not in the host's name", { default: true }),
  ca: optional(path('Whom to trust, PEM; left out for the public CAs')),
  lock: optional(
    section('How long objects are locked, of a bucket that was made with object lock', {
      mode: oneOf('As S3 has them', ['governance', 'compliance']),
      days: count('For so many days from when they are put', { minimum: 1, maximum: 36_500 }),
    }),
  ),
});

export const auditArchive = section(
  'Where what is published for good is copied to: full bundles and tiles, checkpoints, keys; one of directory, s3. No file there is ever changed',
  {
    directory: optional(path('A folder, on a volume of its own, that nobody else writes')),
    s3: optional(bucket),
  },
);
