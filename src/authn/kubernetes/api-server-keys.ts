import type { ApiRequest, KubernetesApi } from '#kubernetes/api.ts';
import type { KeySource } from '../oidc/key-source.ts';
import type { TokenObserver } from './observer.ts';

export interface ApiServerKeysOptions {
  readonly api: KubernetesApi;
  /** ms for which keys count that cannot be read again. */
  readonly staleMs: number;
  /** Other accepted `iss`: those that the API server takes but does not publish, as while it moves to a new one. */
  readonly issuers: readonly string[];
  readonly observer: TokenObserver;
}

/**
 * The public keys of a cluster's service-account tokens, and whom they name as issuer, from the API server itself: what
 * discovery says of hosts is for others (contract §5.3).
 */
export class ApiServerKeys implements KeySource {
  readonly place = 'the API server';
  readonly refreshMs = 5 * 60_000;
  readonly cooldownMs = 10_000;
  readonly staleMs: number;
  readonly #options: ApiServerKeysOptions;
  #issuers: readonly string[] = [];

  constructor(options: ApiServerKeysOptions) {
    this.#options = options;
    this.staleMs = this.refreshMs + options.staleMs;
  }

  /** Accepted `iss`; empty before the first reading. */
  get issuers(): readonly string[] {
    return this.#issuers;
  }

  async read(): Promise<string> {
    try {
      const [{ issuer }, keys] = await Promise.all([
        this.#get('/.well-known/openid-configuration', 'application/json'),
        // it answers 406 to whoever does not ask for this type
        this.#get('/openid/v1/jwks', 'application/jwk-set+json'),
      ]);
      if (typeof issuer !== 'string' || issuer === '') throw new Error('the discovery document names no issuer');
      this.#issuers = [issuer, ...this.#options.issuers];
      this.#options.observer.readKeys('read');
      return JSON.stringify(keys);
    } catch (thrown) {
      this.#options.observer.readKeys('unavailable');
      throw thrown;
    }
  }

  #get(path: string, accept: NonNullable<ApiRequest['accept']>) {
    return this.#options.api.ask({ method: 'GET', path, accept, timeoutMs: 5000 });
  }
}
