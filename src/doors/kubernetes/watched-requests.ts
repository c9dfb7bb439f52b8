import { ApiError, type KubernetesApi } from '#kubernetes/api.ts';
import type { Change } from '#kubernetes/mirror.ts';
import type { Pace } from '#kubernetes/pace.ts';
import { Reflector } from '#kubernetes/reflector.ts';
import { servedVersion } from '#kubernetes/served-version.ts';
import type { RequestKind, WaitingRequest } from './request-kind.ts';

/** ms until a cluster that serves no such kind is asked again: it takes an upgrade, or an installation, to change that. */
const notServedMs = 30_000;
/** ms until it is asked again where it could not say. */
const unansweredMs = 5_000;
const callMs = 10_000;

export interface WatchedRequestsOptions<Request extends WaitingRequest> {
  readonly api: KubernetesApi;
  readonly kind: RequestKind<Request>;
  readonly pace: Pace;
  readonly onChange: (change: Change<Request>) => void;
  readonly told: (level: 'info' | 'warn', message: string) => void;
}

/** The requests of one kind that wait, in the version that the cluster serves, once it does. */
export class WatchedRequests<Request extends WaitingRequest> {
  readonly #options: WatchedRequestsOptions<Request>;
  #view: Reflector<Request> | undefined;
  #version: string | undefined;
  #stopped = false;
  /** Why there is no view yet. */
  #obstacle = '';
  #callOff = () => {};

  constructor(options: WatchedRequestsOptions<Request>) {
    this.#options = options;
  }

  start(): void {
    void this.#follow();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#callOff();
    await this.#view?.stop();
  }

  get(namespace: string, name: string): Request | undefined {
    return this.#view?.get(namespace, name);
  }

  all(): Iterable<Request> {
    return this.#view?.all() ?? [];
  }

  /** Whether all of them were seen at one time. */
  get synced(): boolean {
    return this.#view?.synced ?? false;
  }

  /** Why they are not seen; undefined while they are. */
  get fault(): string | undefined {
    if (this.#view === undefined)
      return this.#obstacle || `whether the cluster serves ${this.#options.kind.plural} is not known yet`;
    return this.#view.fault;
  }

  get apiVersion(): string {
    return `${this.#options.kind.group}/${this.#version ?? ''}`;
  }

  path({ namespace, name }: Pick<WaitingRequest, 'namespace' | 'name'>): string {
    const folder = namespace === '' ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
    return `/apis/${this.apiVersion}${folder}/${this.#options.kind.plural}/${encodeURIComponent(name)}`;
  }

  /** As it stands at this moment; undefined where it no longer waits, or is another of that name. Rejects with ApiError. */
  async fresh(request: Request, signal: AbortSignal): Promise<Request | undefined> {
    const { api, kind } = this.#options;
    try {
      const found = kind.read(await api.ask({ method: 'GET', path: this.path(request), timeoutMs: callMs, signal }));
      return found?.uid === request.uid ? found : undefined;
    } catch (thrown) {
      if (thrown instanceof ApiError && thrown.status === 404) return undefined;
      throw thrown;
    }
  }

  async #follow(): Promise<void> {
    const { api, kind, pace } = this.#options;
    let waitMs = notServedMs;
    try {
      this.#version = await servedVersion(api, kind, AbortSignal.timeout(callMs));
      if (this.#version === undefined) this.#met('info', `the cluster serves no ${kind.plural}`);
      else await this.#watch();
    } catch (thrown) {
      this.#met('warn', `${kind.plural} cannot be watched yet: ${messageOf(thrown)}`);
      if (!(thrown instanceof ApiError) || thrown.status !== 403) waitMs = unansweredMs;
    }
    if (this.#view === undefined && !this.#stopped) this.#callOff = pace.after(waitMs, () => void this.#follow());
  }

  /** Told once for as long as it is the same. */
  #met(level: 'info' | 'warn', obstacle: string): void {
    if (obstacle !== this.#obstacle) this.#options.told(level, obstacle);
    this.#obstacle = obstacle;
  }

  async #watch(): Promise<void> {
    const { api, kind, pace, onChange, told } = this.#options;
    const path = `/apis/${this.apiVersion}/${kind.plural}`;
    const selects = await this.#selects(path);
    if (this.#stopped) return;
    this.#view = new Reflector<Request>({
      ...{ api, path, pace, onChange },
      ...(selects && { query: { fieldSelector: kind.fieldSelector } }),
      strip: (object) => kind.read(object),
      onTrouble: (message) => told('warn', message),
    });
    this.#view.start();
  }

  /**
   * An older definition of the kind may have no field to select by: then all of them come, and what is not ours is dropped.
   * What cannot be told is asked again, for a view by the wrong one would never see anything.
   */
  async #selects(path: string): Promise<boolean> {
    const { api, kind } = this.#options;
    if (kind.fieldSelector === '') return false;
    try {
      const query = { fieldSelector: kind.fieldSelector, limit: '1' };
      await api.ask({ method: 'GET', path, query, timeoutMs: callMs });
      return true;
    } catch (thrown) {
      if (thrown instanceof ApiError && thrown.status === 400) return false;
      throw thrown;
    }
  }
}

const messageOf = (thrown: unknown) => (thrown instanceof Error ? thrown.message : String(thrown));
