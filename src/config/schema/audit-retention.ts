import { bucketFields } from './bucket.ts';
import { duration, optional, path, section } from './field.ts';

export const auditRetention = section('How long the log keeps what it holds; left out, for ever', {
  bodies: optional(
    duration(
      'For how long a record of a request stays after it, and after the end of its certificate; then its hash alone is left',
    ),
  ),
});

export const auditArchive = section(
  'Where what is published for good is copied to: full bundles and tiles, checkpoints, keys; one of directory, s3. No file there is ever changed',
  {
    directory: optional(path('A folder, on a volume of its own, that nobody else writes')),
    s3: optional(section('A bucket that speaks S3', bucketFields('countersign/'))),
  },
);
