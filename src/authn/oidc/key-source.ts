import { readFile, stat } from 'node:fs/promises';
import { exchange } from '#http/exchange.ts';
import type { TlsFiles } from '#http/tls-files.ts';
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

/** An https URL; plain http only on this machine's own loopback. Redirects are not followed. Throws on another URL. */
export function urlKeys(url: string, tls: Pick<TlsFiles, 'ca'> = {}): KeySource {
  const parsed = new URL(url);
  const isLoopback = ['127.0.0.1', 'localhost', '[::1]'].includes(parsed.hostname);
  if (parsed.protocol !== 'https:' && !(parsed.protocol === 'http:' && isLoopback)) {
    throw new Error(`the JWKS URL ${url} must begin with https://`);
  }
  return {
    place: url,
    refreshMs: 5 * 60_000,
    cooldownMs: 30_000,
    read: () => download(parsed, tls),
  };
}

async function download(url: URL, tls: TlsFiles): Promise<string> {
  const { status, body } = await exchange(url, {
    method: 'GET',
    headers: { accept: 'application/json' },
    tls,
    signal: AbortSignal.timeout(timeoutMs),
    longestAnswer: maxJwksLength,
    repeatable: true,
    // a server that is told to stop does not wait for a set that it will not use
    unawaited: true,
  });
  if (status !== 200) throw new Error(`status ${status}`);
  return body.toString('utf8');
}
