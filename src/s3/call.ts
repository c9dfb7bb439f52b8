import { readFile } from 'node:fs/promises';
import { request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';
import { AwsV4Signer } from 'aws4fetch';
import { readSecret } from '#keys/secret-source.ts';
import type { S3Settings } from './settings.ts';

/** Octets of an answer: more than any object of ours has. */
const mostOctets = 64 * 1024 * 1024;

export interface S3Answer {
  readonly status: number;
  readonly header: (name: string) => string | undefined;
  readonly body: Buffer;
}

/** One signed request for an object; the signal bounds all of it. Rejects where there was no whole answer. */
export async function callS3(
  settings: S3Settings,
  { method, path, headers, body }: Call,
  signal: AbortSignal,
): Promise<S3Answer> {
  const signer = new AwsV4Signer({
    method,
    url: objectUrl(settings, path),
    headers,
    ...(body !== undefined && { body: Buffer.from(body) }),
    accessKeyId: await readSecret(settings.accessKey, 'access key of the bucket'),
    secretAccessKey: await readSecret(settings.secretKey, 'secret key of the bucket'),
    ...(settings.sessionToken && {
      sessionToken: await readSecret(settings.sessionToken, 'session token of the bucket'),
    }),
    service: 's3',
    region: settings.region,
  });
  const signed = await signer.sign();
  const ca = settings.ca === undefined ? undefined : await readFile(settings.ca, 'utf8');
  return send(signed.url, { method, headers: Object.fromEntries(signed.headers), ca, body, signal });
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

interface Sent {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly ca: string | undefined;
  readonly body: Uint8Array | undefined;
  readonly signal: AbortSignal;
}

function send(url: URL, { method, headers, ca, body, signal }: Sent): Promise<S3Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<S3Answer>();
  const options = {
    method,
    headers: { ...headers, 'content-length': body?.length ?? 0 },
    signal,
    ...(ca !== undefined && { ca }),
  };
  const begun = (url.protocol === 'https:' ? requestTls : requestPlain)(url, options, (response) => {
    const parts: Buffer[] = [];
    let length = 0;
    response.on('data', (part: Buffer) => {
      length += part.length;
      if (length > mostOctets) response.destroy(new Error('the bucket answers with more than any object of ours has'));
      else parts.push(part);
    });
    response.on('error', reject);
    response.on('end', () => {
      const header = (name: string) => {
        const value = response.headers[name];
        return typeof value === 'string' ? value : undefined;
      };
      resolve({ status: response.statusCode ?? 0, header, body: Buffer.concat(parts) });
    });
  });
  begun.on('error', reject);
  begun.end(body);
  return promise;
}
