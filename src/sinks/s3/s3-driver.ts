import { hash } from 'node:crypto';
import { putOnce, S3Conflict } from '#s3/put-once.ts';
import { S3Refusal } from '#s3/refusal.ts';
import type { S3Settings } from '#s3/settings.ts';
import { accepted, type Batch, type Driver, type Outcome, retry } from '../driver.ts';
import { dayOf } from './packer.ts';
import { writePlan } from './plan.ts';
import { problemOf } from './problem-of.ts';

export interface S3DriverOptions {
  readonly bucket: S3Settings;
  readonly origin: string;
  /** What the names of objects end in. */
  readonly extension: string;
  readonly contentType: string;
}

/**
 * Objects of whole ranges of the log, each with its SHA-256 beside it. Before one is put its plan is in the cursor, so that
 * whoever repeats it puts the same octets under the same name. Nothing is ever written over.
 */
export class S3Driver implements Driver {
  readonly #options: S3DriverOptions;

  constructor(options: S3DriverOptions) {
    this.#options = options;
  }

  async send(batch: Batch, memo: string | undefined, signal: AbortSignal): Promise<Outcome> {
    const { from, to, packed } = batch;
    if (packed === undefined) return accepted;
    const plan = writePlan({ from, to, covered: packed.covered });
    if (memo !== plan) return { kind: 'accepted', next: from, memo: plan };
    try {
      await this.#put(
        folderOf(this.#options.origin, packed.time),
        `${index(from)}-${index(to - 1)}`,
        packed.octets,
        signal,
      );
      return accepted;
    } catch (thrown) {
      if (!(thrown instanceof S3Refusal)) throw thrown;
      return retry(problemOf(thrown, this.#options.bucket, Date.now()), thrown.retryAfterMs);
    }
  }

  async close(): Promise<void> {}

  async #put(folder: string, range: string, octets: Uint8Array, signal: AbortSignal): Promise<void> {
    const { bucket, extension, contentType } = this.#options;
    const digest = hash('sha256', octets);
    const putAs = async (name: string) => {
      await putOnce(bucket, { path: `${folder}/${name}`, octets, contentType }, Date.now(), signal);
      return name;
    };
    // The same range stands there in other octets: of another version of ours, say, which was killed behind the put.
    const name = await putAs(`${range}.${extension}`).catch((thrown: unknown) => {
      if (thrown instanceof S3Conflict) return putAs(`${range}.${digest.slice(0, 16)}.${extension}`);
      throw thrown;
    });
    // What begins so is no data to those who read whole folders.
    const sum = {
      path: `${folder}/_${name}.sha256`,
      octets: Buffer.from(`${digest}  ${name}\n`),
      contentType: 'text/plain',
    };
    await putOnce(bucket, sum, Date.now(), signal);
  }
}

/** As tables in folders have their columns; no format has a field of either name. */
const folderOf = (origin: string, time: string) =>
  `log_origin=${origin.replaceAll(/[^A-Za-z0-9._-]/g, '_')}/day=${dayOf(time)}`;

/** Sorted by name is sorted by index. */
const index = (seq: number) => String(seq).padStart(12, '0');
