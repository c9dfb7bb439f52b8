import { X509Certificate } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { Clock } from '#issuance/ports.ts';
import { ApiError } from './api.ts';
import type { Cluster, Text } from './cluster.ts';

/** ms after which files are looked at again: kubelet replaces a token at 80 % of its life, a CA at rotation. */
const rereadMs = 60_000;
/** ms between two readings that refusals may cause. */
const hurryMs = 1000;
const maxFileLength = 1024 * 1024;

/** What a connection and a request need. */
export interface Held {
  /** The same object as long as CA, certificate and key are the same. */
  readonly context: SecureContext;
  readonly token: string | undefined;
}

/** Who we are at one API server, kept up to date from files that others replace. */
export class Credentials {
  readonly #cluster: Cluster;
  readonly #clock: Clock;
  readonly #changes: boolean;
  #held: Held | undefined;
  #material: readonly (string | undefined)[] = [];
  #readAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;

  constructor(cluster: Cluster, clock: Clock) {
    this.#cluster = cluster;
    this.#clock = clock;
    this.#changes = [cluster.ca, cluster.certificate, cluster.key, cluster.token].some(
      (text) => text !== undefined && 'file' in text,
    );
  }

  /** Rejects with ApiError when nothing was ever readable; later on, what was read last still counts. */
  async current(): Promise<Held> {
    const due = this.#changes && Math.abs(this.#clock.now() - this.#readAt) >= rereadMs;
    return this.#held === undefined || due ? this.#again() : this.#held;
  }

  /** After a refusal: looks again unless that was just done. True when token or trust are no longer those of `refused`. */
  async changedSince(refused: Held): Promise<boolean> {
    if (this.#held !== refused) return true;
    if (!this.#changes || Math.abs(this.#clock.now() - this.#readAt) < hurryMs) return false;
    return (await this.#again()) !== refused;
  }

  async #again(): Promise<Held> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    try {
      await this.#reading;
    } catch (cause) {
      // a file can be missing for the moment in which it is replaced
      if (this.#held === undefined) throw cause;
    }
    if (this.#held === undefined) throw new ApiError('no credentials', { status: 0 });
    return this.#held;
  }

  async #read(): Promise<void> {
    this.#readAt = this.#clock.now();
    const { ca, certificate, key, token } = this.#cluster;
    const [caPem, certificatePem, keyPem, tokenText] = await Promise.all([
      contentOf('CA', ca),
      contentOf('client certificate', certificate),
      contentOf('client key', key),
      contentOf('token', token),
    ]);
    const material = [caPem, certificatePem, keyPem];
    const before = this.#held;
    const same = before !== undefined && material.every((pem, index) => pem === this.#material[index]);
    const fresh = checkedToken(tokenText);
    if (same && before.token === fresh) return;
    const context = same ? before.context : contextOf(caPem, certificatePem, keyPem);
    this.#material = material;
    this.#held = { context, token: fresh };
  }
}

function contextOf(ca?: string, cert?: string, key?: string): SecureContext {
  try {
    // a CA of which nothing can be read would count as none given, and the system's would be trusted in its place
    if (ca !== undefined) new X509Certificate(ca);
    return createSecureContext({
      minVersion: 'TLSv1.2',
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
    });
  } catch {
    // the cause may quote what it could not read
    throw new ApiError(
      'the CA, the client certificate or its key for the API server is not PEM, or they do not match',
      {
        status: 0,
      },
    );
  }
}

function checkedToken(text: string | undefined): string | undefined {
  const token = text?.trim();
  if (token === undefined || /^[\x21-\x7e]+$/.test(token)) return token;
  throw new ApiError('the token for the API server is empty or holds what no HTTP header may', { status: 0 });
}

async function contentOf(what: string, text: Text | undefined): Promise<string | undefined> {
  if (text === undefined || 'inline' in text) return text?.inline;
  try {
    return await readSmall(text.file);
  } catch (cause) {
    const why = cause instanceof Error ? ('code' in cause ? cause.code : cause.message) : cause;
    throw new ApiError(`the ${what} file ${text.file} cannot be read: ${String(why)}`, { status: 0 }, { cause });
  }
}

/** Regular files alone, and opened so that a pipe does not hold a thread for ever. */
async function readSmall(file: string): Promise<string> {
  await using handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  const stat = await handle.stat();
  if (!stat.isFile()) throw new Error('not a regular file');
  if (stat.size > maxFileLength) throw new Error(`larger than ${maxFileLength} bytes`);
  return handle.readFile('utf8');
}
