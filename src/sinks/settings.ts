import type { FormatName } from '#export/format-names.ts';
import type { TlsFiles } from '#http/tls-files.ts';
import type { SecretSource } from '#keys/secret-source.ts';
import type { S3Settings } from '#s3/settings.ts';

/** One sink as it is configured: paths absolute, nothing here is a secret. */
export interface SinkSettings {
  /** Unique; the cursor goes by it. */
  readonly name: string;
  readonly format: FormatName;
  readonly to: Target;
  readonly batch: { readonly maxRecords: number; readonly maxOctets: number };
  /** ms for an answer. */
  readonly timeoutMs: number;
  /** ms that the oldest missing entry may be old: at the first a record is written, at the second another. */
  readonly lagMs: readonly [number, number];
}

/** What takes records one by one, or some at once. */
export type RowTarget = FileTarget | StdoutTarget | SplunkTarget | ElasticTarget | OtlpTarget | SyslogTarget;
export type Target = RowTarget | BucketTarget;

export interface FileTarget {
  readonly kind: 'file';
  readonly directory: string;
  /** Entries of the log that one file is for. */
  readonly entries: number;
}

export interface StdoutTarget {
  readonly kind: 'stdout';
}

/** Of HTTP: paths of the API go behind the URL's own. */
interface HttpTarget {
  readonly url: string;
  readonly tls: TlsFiles;
}

export interface SplunkTarget extends HttpTarget {
  readonly kind: 'splunk';
  readonly token: SecretSource;
  /** Absent: the token's own. */
  readonly index?: string;
  /** Whether a batch counts only once it is indexed. */
  readonly acknowledge: boolean;
}

export interface ElasticTarget extends HttpTarget {
  readonly kind: 'elastic';
  /** A data stream, or an index. */
  readonly index: string;
  readonly authorization?:
    | { readonly kind: 'apiKey'; readonly secret: SecretSource }
    | { readonly kind: 'basic'; readonly user: string; readonly secret: SecretSource };
}

export interface OtlpTarget extends HttpTarget {
  readonly kind: 'otlp';
  readonly headers: readonly { readonly name: string; readonly secret: SecretSource }[];
}

export interface SyslogTarget {
  readonly kind: 'syslog';
  readonly host: string;
  readonly port: number;
  /** Under which the structured data stands; absent: the one for examples. */
  readonly enterpriseNumber?: number;
  readonly tls: TlsFiles;
}

export interface BucketTarget {
  readonly kind: 's3';
  readonly bucket: S3Settings;
  /** Entries of the log that one object is for, at most. */
  readonly entries: number;
  /** ms that the oldest record may wait for an object to become full. */
  readonly flushMs: number;
}
