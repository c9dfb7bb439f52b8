import { checkBucket } from './check-bucket.ts';
import { exactlyOne, type Report } from './judgement.ts';
import type { ServerConfigText } from './schema/server-config.ts';

export function checkAuditArchive({ audit }: ServerConfigText, report: Report): void {
  if (audit.archive === undefined) return;
  const { directory, s3 } = audit.archive;
  const path = ['audit', 'archive'];
  exactlyOne({ directory, s3 }, path, report);
  if (s3 !== undefined) checkBucket(s3, [...path, 's3'], report);
}
