import { exchange } from '#http/exchange.ts';
import type { TlsFiles } from '#http/tls-files.ts';
import { Answer } from './answer.ts';

interface Receiver {
  readonly url: string;
  readonly tls: TlsFiles;
}

export interface Posted {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** What stands in the headers that nobody but the receiver may see. */
  readonly secrets: readonly string[];
}

const longestAnswer = 8 * 1024 * 1024;

/** One POST to a receiver; `path` goes behind its URL's own. Rejects where no whole answer came. */
export async function post(
  { url, tls }: Receiver,
  path: string,
  { headers, body, secrets }: Posted,
  signal: AbortSignal,
): Promise<Answer> {
  const base = new URL(url);
  const target = new URL(`${base.pathname.replace(/\/$/, '')}${path}`, base);
  // Once too often is a record that is there twice: whether to ask again is the delivery's.
  const question = { method: 'POST', headers, body, tls, signal, longestAnswer, repeatable: false } as const;
  const answer = await exchange(target, question);
  return new Answer(answer.status, answer.body, answer.retryAfterMs, secrets);
}
