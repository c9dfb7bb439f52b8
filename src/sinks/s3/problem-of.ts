import { wordsIn } from '#http/words.ts';
import type { S3Refusal } from '#s3/refusal.ts';
import type { S3Settings } from '#s3/settings.ts';

type Say = (bucket: S3Settings, refusal: S3Refusal, now: number) => string | undefined;

const otherRegion: Say = ({ bucket, region }, refusal) => {
  const there = refusal.header('x-amz-bucket-region') || refusal.element('Region');
  return there === '' ? undefined : `bucket ${bucket} is in region ${there}, not ${region}`;
};
const badToken: Say = () => 'the session token is not valid, or no longer';

/** What is wrong on our side, by the server's code. */
const known: ReadonlyMap<string, Say> = new Map<string, Say>([
  ['NoSuchBucket', ({ bucket }) => `there is no bucket ${bucket}`],
  ['AccessDenied', ({ bucket }) => `the access key may not do that in bucket ${bucket}`],
  ['InvalidAccessKeyId', () => 'the access key is not known there'],
  ['SignatureDoesNotMatch', () => 'the secret key is not that of the access key'],
  [
    'RequestTimeTooSkewed',
    (_, refusal, now) =>
      `the clocks differ: there it is ${refusal.header('date')}, here ${new Date(now).toUTCString()}`,
  ],
  ['ExpiredToken', badToken],
  ['InvalidToken', badToken],
  ['AuthorizationHeaderMalformed', otherRegion],
  ['IncorrectEndpoint', otherRegion],
  ['PermanentRedirect', otherRegion],
  ['IllegalLocationConstraintException', otherRegion],
  ['InvalidBucketObjectLockConfiguration', ({ bucket }) => `bucket ${bucket} was not made with object lock`],
]);

/** What an operator has to know of an answer: in our words where the code is known, and always in the server's. */
export function problemOf(refusal: S3Refusal, bucket: S3Settings, now: number): string {
  const words = wordsIn(refusal.element('Message'));
  const said = words === '' ? refusal.message : `${refusal.message}: ${words}`;
  const ours = known.get(refusal.code)?.(bucket, refusal, now);
  return ours === undefined ? said : `${ours} (${said})`;
}
