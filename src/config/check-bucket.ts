import { checkUrl, exactlyOne, type Report, type Step } from './judgement.ts';
import type { BucketText } from './resolve-bucket.ts';

export function checkBucket(text: BucketText, path: readonly Step[], report: Report): void {
  const { endpoint, bucket, prefix, accessKey, secretKey, sessionToken } = text;
  checkUrl(endpoint, ['https:', 'http:'], [...path, 'endpoint'], report);
  if (URL.parse(endpoint)?.pathname !== '/') report([...path, 'endpoint'], 'a path does not belong here');
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket))
    report([...path, 'bucket'], `"${bucket}" is no name of a bucket: 3 to 63 of a-z, 0-9, "." and "-"`);
  if (!/^[A-Za-z0-9_.-]+(\/[A-Za-z0-9_.-]+)*\/?$/.test(prefix) || /(^|\/)\.\.?(\/|$)/.test(prefix))
    report([...path, 'prefix'], 'names of A-Z, a-z, 0-9, "_", "." and "-" belong here, with slashes between them');
  for (const [name, where] of Object.entries({ accessKey, secretKey, sessionToken }))
    if (where !== undefined) exactlyOne({ file: where.file, env: where.env }, [...path, name], report);
}
