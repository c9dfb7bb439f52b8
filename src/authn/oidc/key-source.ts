import { readFile, stat } from 'node:fs/promises';
import { get as getHttp } from 'node:http';
import { get as getHttps } from 'node:https';
import { maxJwksLength } from './jwks.ts';

/** Where a JWK Set comes from. */
export interface KeySource {
  /** For messages: a URL or a path. */
  readonly place: string;
  /** ms after which a set that was read is looked for again. */
  readonly refreshMs: number;
  /** ms between two readings that unknown key ids may cause. */
  readonly cooldownMs: number;
  /** ms after which a set that could not be read again no longer counts; an hour unless told. */
  readonly staleMs?: number;
  /** The document; rejects with Error, after `timeoutMs` at the latest. */
  read(): Promise<string>;
}

const timeoutMs = 5000;

/** A file, read again every few seconds: a mounted Secret or ConfigMap changes by a swapped link, which no watch tells reliably. */
export function fileKeys(path: string): KeySource {
  return {
    place: path,
    refreshMs: 5000,
    cooldownMs: 1000,
    async read() {
      const { size } = await stat(path);
      if (size > maxJwksLength) throw new Error(`${path} is larger than ${maxJwksLength} bytes`);
      return readFile(path, 'utf8');
    },
  };
}

export interface UrlKeysOptions {
  /** PEM of the CAs to trust for this URL instead of the system's. */
  readonly ca?: string;
}

/** An https URL; plain http only on this machine's own loopback. Redirects are not followed. Throws on another URL. */
export function urlKeys(url: string, options: UrlKeysOptions = {}): KeySource {
  const parsed = new URL(url);
  const isLoopback = ['127.0.0.1', 'localhost', '[::1]'].includes(parsed.hostname);
  if (parsed.protocol !== 'https:' && !(parsed.protocol === 'http:' && isLoopback)) {
    throw new Error(`the JWKS URL ${url} must begin with https://`);
  }
  return {
    place: url,
    refreshMs: 5 * 60_000,
    cooldownMs: 30_000,
    read: () => download(parsed, options.ca),
  };
}

function download(url: URL, ca: string | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { headers: { accept: 'application/json' }, signal: AbortSignal.timeout(timeoutMs) };
    const request =
      url.protocol === 'https:'
        ? getHttps(url, { ...options, ...(ca !== undefined && { ca }) })
        : getHttp(url, options);
    request.on('error', reject);
    // a server that is told to stop does not wait for a set that it will not use
    request.on('socket', (socket) => socket.unref());
    request.on('response', (response) => {
      response.on('error', reject);
      if (response.statusCode !== 200) {
        response.destroy();
        reject(new Error(`status ${response.statusCode}`));
        return;
      }
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > maxJwksLength) response.destroy(new Error(`larger than ${maxJwksLength} bytes`));
        else chunks.push(chunk);
      });
      response.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    });
  });
}
