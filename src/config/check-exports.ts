import { parseByteSize, parseDuration } from '#document/scalars.ts';
import { formatsOf } from '#sinks/formats.ts';
import { checkBucket } from './check-bucket.ts';
import { between, checkUrl, exactlyOne, type Report, type Step } from './judgement.ts';
import { kindOf } from './resolve-exports.ts';
import type { ServerConfigText } from './schema/server-config.ts';

type SinkText = ServerConfigText['exports'][number];

export function checkExports({ exports }: ServerConfigText, report: Report): void {
  const names = exports.map(({ name }) => name);
  for (const [at, sink] of exports.entries()) {
    const path = ['exports', at];
    if (names.indexOf(sink.name) < at) report([...path, 'name'], `"${sink.name}" is given before`);
    const { file, stdout, splunk, elastic, otlp, syslog, s3 } = sink.to;
    exactlyOne({ file, stdout, splunk, elastic, otlp, syslog, s3 }, [...path, 'to'], report);
    checkFormat(sink, path, report);
    checkTarget(sink.to, [...path, 'to'], report);
    if (parseByteSize(sink.batch.size) > parseByteSize('16MiB'))
      report([...path, 'batch', 'size'], `${sink.batch.size} is more than 16MiB`);
    checkObjects(sink, exports.slice(0, at), path, report);
    between(sink.timeout, '1s', '10m', [...path, 'timeout'], report);
    between(sink.lag.warn, '10s', '7d', [...path, 'lag', 'warn'], report);
    between(sink.lag.alarm, '10s', '30d', [...path, 'lag', 'alarm'], report);
    if (parseDuration(sink.lag.alarm) <= parseDuration(sink.lag.warn))
      report([...path, 'lag', 'alarm'], `${sink.lag.alarm} is not longer than warn, ${sink.lag.warn}`);
  }
}

function checkFormat({ format, to }: SinkText, path: readonly Step[], report: Report): void {
  const kind = kindOf(to);
  if (format === undefined || kind === undefined || formatsOf[kind].includes(format)) return;
  report([...path, 'format'], `${kind} takes ${formatsOf[kind].join(', ')}; ${format} is none of them`);
}

function checkTarget({ splunk, elastic, otlp, syslog }: SinkText['to'], path: readonly Step[], report: Report): void {
  for (const [kind, target] of Object.entries({ splunk, elastic, otlp })) {
    if (target === undefined) continue;
    checkUrl(target.url, ['https:', 'http:'], [...path, kind, 'url'], report);
    if (/[?#]/.test(target.url)) report([...path, kind, 'url'], 'a URL here has no query: a secret is no part of it');
    checkTls(target.tls, [...path, kind, 'tls'], report);
  }
  if (syslog !== undefined) checkTls(syslog.tls, [...path, 'syslog', 'tls'], report);
  if (splunk !== undefined) checkSecret(splunk.token, [...path, 'splunk', 'token'], report);
  if (elastic?.apiKey !== undefined) checkSecret(elastic.apiKey, [...path, 'elastic', 'apiKey'], report);
  if (elastic?.basic !== undefined)
    checkSecret(elastic.basic.password, [...path, 'elastic', 'basic', 'password'], report);
  if (elastic?.apiKey !== undefined && elastic.basic !== undefined)
    report([...path, 'elastic'], 'apiKey and basic are given: one of them, or none');
  for (const [at, { name, value }] of (otlp?.headers ?? []).entries()) {
    const header = [...path, 'otlp', 'headers', at];
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) report([...header, 'name'], `"${name}" is no name of a header`);
    checkSecret(value, [...header, 'value'], report);
  }
}

/** Objects of two sinks in one folder would be a table in which each record is twice. */
function checkObjects(
  { to: { s3 }, lag }: SinkText,
  before: readonly SinkText[],
  path: readonly Step[],
  report: Report,
): void {
  if (s3 === undefined) return;
  const here = [...path, 'to', 's3'];
  checkBucket(s3, here, report);
  between(s3.flush, '1s', '1h', [...here, 'flush'], report);
  if (parseDuration(s3.flush) >= parseDuration(lag.warn))
    report([...here, 'flush'], `${s3.flush} is not shorter than lag.warn, ${lag.warn}`);
  const placeOf = ({ endpoint, bucket, prefix }: typeof s3) =>
    [endpoint, bucket, prefix].map((each) => each.replace(/\/$/, '')).join(' ');
  const other = before.find(({ to }) => to.s3 !== undefined && placeOf(to.s3) === placeOf(s3));
  if (other !== undefined) report([...here, 'prefix'], `${s3.prefix} is where ${other.name} has its objects`);
}

function checkSecret({ file, env }: { file?: string; env?: string }, path: readonly Step[], report: Report): void {
  exactlyOne({ file, env }, path, report);
}

function checkTls(tls: { certificate?: string; key?: string }, path: readonly Step[], report: Report): void {
  if ((tls.certificate === undefined) !== (tls.key === undefined))
    report(path, 'certificate and key belong together: give both or neither');
}
