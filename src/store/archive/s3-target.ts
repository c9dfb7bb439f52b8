import { hash } from 'node:crypto';
import { callS3, type S3Answer } from './s3-call.ts';
import type { S3Settings } from './s3-settings.ts';
import { ArchiveConflict, type ArchiveTarget } from './target.ts';

/** ms for one request, answer included. */
const usuallyWithinMs = 30_000;
const dayMs = 86_400_000;

/** A bucket. What is there is asked for first: not every server heeds `If-None-Match`, which keeps two replicas apart. */
export class S3Target implements ArchiveTarget {
  readonly name: string;
  readonly #settings: S3Settings;
  readonly #now: () => number;
  readonly #withinMs: number;

  constructor(settings: S3Settings, now: () => number, withinMs = usuallyWithinMs) {
    this.name = `${settings.endpoint}/${settings.bucket}/${settings.prefix}`;
    this.#settings = settings;
    this.#now = now;
    this.#withinMs = withinMs;
  }

  async put(path: string, octets: Uint8Array): Promise<void> {
    const there = await this.#call('HEAD', path);
    if (there.status === 200) return this.#demandSame(path, octets);
    if (there.status !== 404) throw unexpected(path, 'HEAD', there);
    const checksum = hash('sha256', octets, 'base64');
    const headers = {
      'if-none-match': '*',
      'x-amz-content-sha256': hash('sha256', octets),
      'x-amz-checksum-sha256': checksum,
      ...this.#lock(),
    };
    const put = await callS3(this.#settings, this.#withinMs, { method: 'PUT', path, headers, body: octets });
    if (put.status === 412) return this.#demandSame(path, octets);
    if (put.status !== 200) throw unexpected(path, 'PUT', put);
    // One that takes the checksum has refused what came otherwise, and says so by giving it back; of any other it is read.
    if (put.header('x-amz-checksum-sha256') !== checksum) await this.#demandSame(path, octets);
  }

  async #demandSame(path: string, octets: Uint8Array): Promise<void> {
    const got = await this.#call('GET', path);
    if (got.status !== 200) throw unexpected(path, 'GET', got);
    if (hash('sha256', got.body) !== hash('sha256', octets))
      throw new ArchiveConflict(`${this.name}${path} holds something else: it is left as it is`);
  }

  #call(method: 'HEAD' | 'GET', path: string): Promise<S3Answer> {
    const headers = { 'x-amz-content-sha256': hash('sha256', '') };
    return callS3(this.#settings, this.#withinMs, { method, path, headers });
  }

  #lock(): Record<string, string> {
    const { lock } = this.#settings;
    if (lock === undefined) return {};
    const until = new Date(this.#now() + lock.days * dayMs);
    return {
      'x-amz-object-lock-mode': lock.mode.toUpperCase(),
      'x-amz-object-lock-retain-until-date': until.toISOString(),
    };
  }
}

/** With the server's own code, which names what is wrong with a bucket, a key or a right. */
function unexpected(path: string, method: string, { status, body }: S3Answer): Error {
  const [, code = ''] = /<Code>([A-Za-z]{1,64})<\/Code>/.exec(body.toString('latin1', 0, 4_096)) ?? [];
  return new Error(`the archive answers ${method} of ${path} with ${status} ${code}`.trimEnd());
}
