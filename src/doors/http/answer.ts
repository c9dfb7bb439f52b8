import type { ServerResponse } from 'node:http';

/** One whole answer. HEAD gets the same header; Node leaves its body out. */
export function answer(
  response: ServerResponse,
  status: number,
  body: string,
  contentType = 'text/plain; charset=utf-8',
): void {
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  });
  response.end(body);
}

export function answerJson(response: ServerResponse, status: number, value: unknown): void {
  answer(response, status, `${JSON.stringify(value, undefined, 2)}\n`, 'application/json');
}

export function notFound(response: ServerResponse): void {
  answer(response, 404, 'there is nothing here; GET / lists what there is\n');
}

/** Before anything was sent: the status. After it: a cut connection is all that is left to say it. */
export function answerFailure(response: ServerResponse): void {
  if (response.headersSent) response.destroy();
  else answer(response, 500, 'an internal error\n');
}
