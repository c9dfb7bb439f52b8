import type { AddressInfo } from 'node:net';
import { HttpListener, type HttpOptions } from '../http/listener.ts';
import type { AdminParts } from './ports.ts';
import { route } from './routes.ts';

export interface AdminOptions extends AdminParts, HttpOptions {}

/** The door for those who watch: metrics, health, the published log. It changes nothing and holds no secret. */
export class AdminServer {
  readonly #listener: HttpListener;

  private constructor(listener: HttpListener) {
    this.#listener = listener;
  }

  /** Resolves when it listens; rejects with the system's error, such as EADDRINUSE. */
  static async listen(options: AdminOptions): Promise<AdminServer> {
    const parts: AdminParts = { ...options, metrics: oneAtATime(options.metrics) };
    return new AdminServer(await HttpListener.listen(options, (request, response) => route(request, response, parts)));
  }

  get address(): AddressInfo {
    return this.#listener.address;
  }

  /** No new connections; those open end with their answer, or are cut after `graceMs`. */
  close(graceMs?: number): Promise<void> {
    return this.#listener.close(graceMs);
  }
}

/** Many scrapers at once share one rendering. */
function oneAtATime(metrics: AdminParts['metrics']): AdminParts['metrics'] {
  let underWay: Promise<string> | undefined;
  return {
    contentType: metrics.contentType,
    render() {
      underWay ??= metrics.render().finally(() => {
        underWay = undefined;
      });
      return underWay;
    },
  };
}
