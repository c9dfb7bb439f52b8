import { AwsV4Signer } from 'aws4fetch';
import { type Answer, exchange } from '#http/exchange.ts';
import { readSecret } from '#keys/secret-source.ts';
import type { S3Settings } from './settings.ts';

/** Octets of an answer: more than any object of ours has. */
const longestAnswer = 64 * 1024 * 1024;

export interface S3Answer extends Answer {
  /** What the request was made with that nobody else may see. */
  readonly secrets: readonly string[];
}

/** One signed request for an object; the signal bounds all of it. Rejects where there was no whole answer. */
export async function callS3(
  settings: S3Settings,
  { method, path, headers, body }: Call,
  signal: AbortSignal,
): Promise<S3Answer> {
  const { accessKey, secretKey, sessionToken } = settings;
  const accessKeyId = await readSecret(accessKey, 'access key of the bucket');
  const secretAccessKey = await readSecret(secretKey, 'secret key of the bucket');
  const lent = sessionToken && { sessionToken: await readSecret(sessionToken, 'session token of the bucket') };
  const signer = new AwsV4Signer({
    method,
    url: objectUrl(settings, path),
    headers,
    ...(body !== undefined && { body: Buffer.from(body) }),
    ...{ accessKeyId, secretAccessKey, ...lent },
    service: 's3',
    region: settings.region,
  });
  const signed = await signer.sign();
  const answer = await exchange(signed.url, {
    method,
    headers: Object.fromEntries(signed.headers),
    body,
    tls: settings.ca === undefined ? {} : { ca: settings.ca },
    signal,
    longestAnswer,
    // what is put is the same, or is not put
    repeatable: true,
  });
  return { ...answer, secrets: [accessKeyId, secretAccessKey, ...Object.values(lent ?? {})] };
}

interface Call {
  readonly method: 'HEAD' | 'GET' | 'PUT';
  /** Behind the prefix. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

function objectUrl({ endpoint, bucket, prefix, pathStyle }: S3Settings, path: string): string {
  const url = new URL(endpoint);
  if (!pathStyle) url.hostname = `${bucket}.${url.hostname}`;
  url.pathname = pathStyle ? `/${bucket}/${prefix}${path}` : `/${prefix}${path}`;
  return url.href;
}
