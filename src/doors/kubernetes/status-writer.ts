import { ApiError, type KubernetesApi, type KubernetesObject } from '#kubernetes/api.ts';
import { applyStatus } from './apply-status.ts';
import type { RequestKind, WaitingRequest, Word } from './request-kind.ts';
import type { WatchedRequests } from './watched-requests.ts';

const callMs = 10_000;

export interface StatusWriterOptions<Request extends WaitingRequest> {
  readonly api: KubernetesApi;
  readonly kind: RequestKind<Request>;
  readonly requests: WatchedRequests<Request>;
  readonly announced?: ((about: KubernetesObject, event: NonNullable<Word['event']>) => void) | undefined;
}

/** Says in the status of a request what is to be said of it, and nothing to another of its name. */
export class StatusWriter<Request extends WaitingRequest> {
  readonly #options: StatusWriterOptions<Request>;

  constructor(options: StatusWriterOptions<Request>) {
    this.#options = options;
  }

  /**
   * A crash before this leaves a certificate on the record that nobody holds; the request is answered with it after a
   * restart. False where the object is gone, or is another one. Rejects with ApiError.
   */
  async write(request: Request, word: Word, signal: AbortSignal): Promise<boolean> {
    const { event } = word;
    const { kind, requests, announced } = this.#options;
    const { namespace, name, uid } = request;
    try {
      await this.#patch(request, word, signal);
    } catch (thrown) {
      if (!(thrown instanceof ApiError) || !this.#isGone(request, thrown)) throw thrown;
      return false;
    }
    if (event !== undefined)
      announced?.({ apiVersion: requests.apiVersion, kind: kind.kind, name, namespace, uid }, event);
    return true;
  }

  async #patch(request: Request, { status, subresource }: Word, signal: AbortSignal): Promise<void> {
    const { api, kind, requests } = this.#options;
    const { namespace, name, uid, resourceVersion = '' } = request;
    const path = requests.path(request);
    if (kind.writing === 'apply') {
      const applied = { path, apiVersion: requests.apiVersion, kind: kind.kind, namespace, name, resourceVersion };
      return applyStatus(api, applied, status, signal);
    }
    await api.ask({
      method: 'PATCH',
      path: `${path}/${subresource ?? 'status'}`,
      contentType: 'application/merge-patch+json',
      // another object of that name has another UID: then this is a conflict, and nothing is written; and so is what
      // another approver said since
      body: { metadata: { uid, ...(subresource === 'approval' && { resourceVersion }) }, status },
      timeoutMs: callMs,
      signal,
    });
  }

  /** A conflict over a request that still waits is looked at again. */
  #isGone({ namespace, name, uid }: Request, { status }: ApiError): boolean {
    return status === 404 || (status === 409 && this.#options.requests.get(namespace, name)?.uid !== uid);
  }
}
