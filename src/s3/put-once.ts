import { hash } from 'node:crypto';
import { callS3, type S3Answer } from './call.ts';
import { S3Refusal } from './refusal.ts';
import type { S3Settings } from './settings.ts';

const dayMs = 86_400_000;

/** Something else stands where an object belongs; it is not touched. */
export class S3Conflict extends Error {
  override readonly name = 'S3Conflict';
}

export interface NewObject {
  /** Behind the prefix. */
  readonly path: string;
  readonly octets: Uint8Array;
  readonly contentType?: string;
}

/**
 * Resolves once these octets stand under the path, vouched for by their SHA-256 or read back. Where something stands there
 * already it is compared: the same is success, anything else S3Conflict. A server that knows no conditions writes it anew.
 */
export async function putOnce(
  bucket: S3Settings,
  { path, octets, contentType }: NewObject,
  now: number,
  signal: AbortSignal,
): Promise<void> {
  const checksum = hash('sha256', octets, 'base64');
  const headers = {
    'if-none-match': '*',
    'x-amz-content-sha256': hash('sha256', octets),
    'x-amz-checksum-sha256': checksum,
    ...(contentType !== undefined && { 'content-type': contentType }),
    ...lockOf(bucket, now),
  };
  const put = await callS3(bucket, { method: 'PUT', path, headers, body: octets }, signal);
  if (put.status === 412) return demandSame(bucket, path, octets, signal);
  if (put.status !== 200) throw new S3Refusal('PUT', path, put);
  // One that takes the checksum has refused what came otherwise, and says so by giving it back; of any other it is read.
  if (put.header('x-amz-checksum-sha256') !== checksum) await demandSame(bucket, path, octets, signal);
}

export async function demandSame(
  bucket: S3Settings,
  path: string,
  octets: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  const got = await lookAt(bucket, 'GET', path, signal);
  if (got.status !== 200) throw new S3Refusal('GET', path, got);
  if (hash('sha256', got.body) === hash('sha256', octets)) return;
  const { endpoint, bucket: name, prefix } = bucket;
  throw new S3Conflict(`${endpoint}/${name}/${prefix}${path} holds something else: it is left as it is`);
}

export function lookAt(
  bucket: S3Settings,
  method: 'HEAD' | 'GET',
  path: string,
  signal: AbortSignal,
): Promise<S3Answer> {
  return callS3(bucket, { method, path, headers: { 'x-amz-content-sha256': hash('sha256', '') } }, signal);
}

function lockOf({ lock }: S3Settings, now: number): Record<string, string> {
  if (lock === undefined) return {};
  return {
    'x-amz-object-lock-mode': lock.mode.toUpperCase(),
    'x-amz-object-lock-retain-until-date': new Date(now + lock.days * dayMs).toISOString(),
  };
}
