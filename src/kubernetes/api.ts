/** The Kubernetes API as this program uses it: plain JSON, no generated models. */

/** A JSON object as the API server sends it; what is read of it is checked where it is read. */
export interface KubernetesObject {
  readonly [member: string]: unknown;
}

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Absolute path, segments already percent-encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: KubernetesObject;
  /** Of the body; `application/json` unless told. */
  readonly contentType?: 'application/json' | 'application/merge-patch+json' | 'application/apply-patch+yaml';
  /** Of the answer; `application/json` unless told. */
  readonly accept?: 'application/json' | 'application/jwk-set+json';
  /** ms until an answer must be whole; the client's own bound unless told. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** A POST that stores nothing, such as a TokenReview: where a connection turns out to be gone it may be sent again. */
  readonly repeatable?: boolean;
}

/** One API server. Every call is bounded in time and size, whatever the server does. */
export interface KubernetesApi {
  /** The JSON of a 2xx answer. Rejects with ApiError. */
  ask(request: ApiRequest): Promise<KubernetesObject>;
  /** The JSON of each line of an answer that goes on, such as a watch. Rejects with ApiError; ends when the answer does. */
  lines(request: ApiRequest): AsyncIterable<KubernetesObject>;
  close(): Promise<void>;
}

/** `reason` of what came with status 0 and cannot be read: asking in the same way again gives the same. */
export const malformed = 'Malformed';

/** `reason` of what came with status 0 and is larger than we take: a smaller piece of it may do. */
export const tooLarge = 'TooLarge';

/** Why there is no good answer. The message names the request and what the server said, never a credential. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** HTTP status; 0 where none came: refused, cut, too slow, no JSON. */
  readonly status: number;
  /** `reason` of the Status object, such as NotFound, Conflict, Expired; empty where there is none. */
  readonly reason: string;
  /** From `Retry-After`, ms. */
  readonly retryAfterMs: number | undefined;

  constructor(
    message: string,
    facts: { readonly status: number; readonly reason?: string; readonly retryAfterMs?: number | undefined },
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.status = facts.status;
    this.reason = facts.reason ?? '';
    this.retryAfterMs = facts.retryAfterMs;
  }
}
