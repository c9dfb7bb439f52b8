import { HttpListener, type HttpOptions } from '../http/listener.ts';
import type { StatusViews } from './ports.ts';
import { route } from './routes.ts';

export interface StatusServerOptions extends HttpOptions {
  readonly views: StatusViews;
  /** ms since the epoch. */
  readonly now: () => number;
}

/** The door at which anybody may ask whether a certificate is revoked: plain HTTP, since its answers are signed (RFC 5280 §4.2.1.13). */
export function listenForStatus(options: StatusServerOptions): Promise<HttpListener> {
  return HttpListener.listen(options, (request, response) => route(request, response, options));
}
