import type { IncomingMessage } from 'node:http';
import { type Agent, request as send } from 'node:https';
import { ApiError } from './api.ts';
import type { Call } from './call.ts';

export interface Exchange {
  readonly host: string;
  readonly port: number;
  /** Path and query. */
  readonly target: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: Buffer | undefined;
  readonly agent: Agent;
  readonly serverName: string | undefined;
  readonly call: Call;
  /** May be sent a second time where a kept connection turns out to be gone. */
  readonly repeatable: boolean;
}

/**
 * Sends one request and resolves at the head of its answer. A kept connection may have been closed by the server at the
 * moment we wrote: then the request is sent again, if that can do no harm, at last on a connection of its own.
 */
export async function exchange(what: Exchange): Promise<IncomingMessage> {
  for (let left = mostStale; left > 0; left--) {
    const answer = await attempt(what);
    if (answer !== 'stale') return answer;
  }
  throw new ApiError('every kept connection was closed by the server', { status: 0 });
}

/** A server that restarts leaves as many dead connections as were kept. */
const mostStale = 20;

function attempt(what: Exchange): Promise<IncomingMessage | 'stale'> {
  const { host, port, target: path, method, headers, agent, serverName, call } = what;
  return new Promise((resolve, reject) => {
    const sni = serverName === undefined ? {} : { servername: serverName };
    const request = send({ host, port, path, method, headers, agent, ...sni });
    call.whenOver(() => request.destroy());
    request.once('response', resolve);
    request.on('error', (error) => {
      const gone = 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
      if (gone && request.reusedSocket && what.repeatable && !call.isOver) resolve('stale');
      else reject(error);
    });
    request.end(what.body);
  });
}
