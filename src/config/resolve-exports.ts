import { parseByteSize, parseDuration } from '#document/scalars.ts';
import type { TlsFiles } from '#http/tls-files.ts';
import type { SecretSource } from '#keys/secret-source.ts';
import { formatsOf } from '#sinks/formats.ts';
import type { ElasticTarget, SinkSettings, Target } from '#sinks/settings.ts';
import { resolveBucket } from './resolve-bucket.ts';
import type { PathFrom } from './resolve-key.ts';
import type { ServerConfigText } from './schema/server-config.ts';

type SinkText = ServerConfigText['exports'][number];
type ElasticText = NonNullable<SinkText['to']['elastic']>;

export function resolveSink({ name, format, to, batch, timeout, lag }: SinkText, from: PathFrom): SinkSettings {
  const target = resolveTarget(to, from);
  return {
    name,
    format: format ?? formatsOf[target.kind][0] ?? 'jsonl',
    to: target,
    batch: { maxRecords: batch.records, maxOctets: parseByteSize(batch.size) },
    timeoutMs: parseDuration(timeout) * 1000,
    lagMs: [parseDuration(lag.warn) * 1000, parseDuration(lag.alarm) * 1000],
  };
}

/** Which kind of sink is written there; undefined for none. */
export const kindOf = (to: SinkText['to']): Target['kind'] | undefined => kinds.find((kind) => to[kind] !== undefined);

const kinds: readonly Target['kind'][] = ['file', 'stdout', 'splunk', 'elastic', 'otlp', 'syslog', 's3'];

function resolveTarget({ file, splunk, elastic, otlp, syslog, s3 }: SinkText['to'], from: PathFrom): Target {
  if (file !== undefined) return { kind: 'file', directory: from(file.directory), entries: file.entries };
  if (splunk !== undefined) {
    const { token, tls, ...rest } = splunk;
    return { kind: 'splunk', ...rest, token: secretOf(token, from), tls: resolveTls(tls, from) };
  }
  if (elastic !== undefined) {
    const { url, index, tls } = elastic;
    return { kind: 'elastic', url, index, ...authorizationOf(elastic, from), tls: resolveTls(tls, from) };
  }
  if (otlp !== undefined) {
    const headers = otlp.headers.map(({ name, value }) => ({ name, secret: secretOf(value, from) }));
    return { kind: 'otlp', url: otlp.url, headers, tls: resolveTls(otlp.tls, from) };
  }
  if (syslog !== undefined) return { kind: 'syslog', ...syslog, tls: resolveTls(syslog.tls, from) };
  if (s3 !== undefined) {
    const { entries, flush, ...bucket } = s3;
    return { kind: 's3', bucket: resolveBucket(bucket, from), entries, flushMs: parseDuration(flush) * 1000 };
  }
  return { kind: 'stdout' };
}

function authorizationOf({ apiKey, basic }: ElasticText, from: PathFrom): Pick<ElasticTarget, 'authorization'> {
  if (apiKey !== undefined) return { authorization: { kind: 'apiKey', secret: secretOf(apiKey, from) } };
  if (basic === undefined) return {};
  return { authorization: { kind: 'basic', user: basic.user, secret: secretOf(basic.password, from) } };
}

const secretOf = ({ file, env }: { file?: string; env?: string }, from: PathFrom): SecretSource =>
  env === undefined ? { file: from(file ?? '') } : { env };

function resolveTls({ ca, certificate, key }: ElasticText['tls'], from: PathFrom): TlsFiles {
  return {
    ...(ca !== undefined && { ca: from(ca) }),
    ...(certificate !== undefined && { certificate: from(certificate) }),
    ...(key !== undefined && { key: from(key) }),
  };
}
