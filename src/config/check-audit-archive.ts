import { checkUrl, exactlyOne, type Report } from './judgement.ts';
import type { ServerConfigText } from './schema/server-config.ts';

export function checkAuditArchive({ audit }: ServerConfigText, report: Report): void {
  if (audit.archive === undefined) return;
  const { directory, s3 } = audit.archive;
  const path = ['audit', 'archive'];
  exactlyOne({ directory, s3 }, path, report);
  if (s3 === undefined) return;
  const here = [...path, 's3'];
  checkUrl(s3.endpoint, ['https:', 'http:'], [...here, 'endpoint'], report);
  if (URL.parse(s3.endpoint)?.pathname !== '/') report([...here, 'endpoint'], 'a path does not belong here');
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(s3.bucket))
    report([...here, 'bucket'], `"${s3.bucket}" is no name of a bucket: 3 to 63 of a-z, 0-9, "." and "-"`);
  if (!/^[A-Za-z0-9_.-]+(\/[A-Za-z0-9_.-]+)*\/?$/.test(s3.prefix) || /(^|\/)\.\.?(\/|$)/.test(s3.prefix))
    report([...here, 'prefix'], 'names of A-Z, a-z, 0-9, "_", "." and "-" belong here, with slashes between them');
  for (const name of ['accessKey', 'secretKey'] as const)
    exactlyOne({ file: s3[name].file, env: s3[name].env }, [...here, name], report);
}
