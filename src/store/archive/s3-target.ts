import { demandSame, lookAt, putOnce, S3Conflict } from '#s3/put-once.ts';
import { S3Refusal } from '#s3/refusal.ts';
import type { S3Settings } from '#s3/settings.ts';
import { ArchiveConflict, type ArchiveTarget } from './target.ts';

/** ms for one request, answer included. */
const usuallyWithinMs = 30_000;

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
    try {
      const there = await lookAt(this.#settings, 'HEAD', path, this.#soon());
      if (there.status === 200) return await demandSame(this.#settings, path, octets, this.#soon());
      if (there.status !== 404) throw new S3Refusal('HEAD', path, there);
      await putOnce(this.#settings, { path, octets }, this.#now(), this.#soon());
    } catch (thrown) {
      if (thrown instanceof S3Conflict) throw new ArchiveConflict(thrown.message);
      throw thrown;
    }
  }

  #soon(): AbortSignal {
    return AbortSignal.timeout(this.#withinMs);
  }
}
