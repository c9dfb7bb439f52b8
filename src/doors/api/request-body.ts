import type { IncomingMessage } from 'node:http';
import { Refusal } from '#refusal/refusal.ts';

/** Octets. What is done here is named by its path: the body of a write is `{}`. */
const longestBody = 256;

/** Throws Refusal `request.malformed` where a request that reads brings a body. */
export function demandNoBody({ headers }: IncomingMessage): void {
  if (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0)
    throw new Refusal('request.malformed', 'a GET has no body');
}

/**
 * A browser says where a request comes from. Another site's page could otherwise act with the certificate of whoever
 * looks at it. Throws Refusal `authz.role`.
 */
export function demandSameSite({ headers }: IncomingMessage): void {
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'none' || site === 'same-origin') return;
  throw new Refusal('authz.role', 'pages of other sites have no role here');
}

/** `{}` as application/json, which no form of another site can send unasked. Throws Refusal. */
export async function readWriteBody(request: IncomingMessage): Promise<void> {
  if (request.headers['content-type']?.split(';')[0]?.trim() !== 'application/json')
    throw new Refusal('request.encoding', 'content-type: a write is application/json');
  let text = '';
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > longestBody) throw new Refusal('request.too-large', `a body has at most ${longestBody} octets`);
  }
  if (text.trim() !== '{}') throw new Refusal('request.malformed', 'the body of this write is {}');
}
