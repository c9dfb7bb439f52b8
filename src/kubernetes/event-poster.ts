import type { KubernetesApi, KubernetesObject } from './api.ts';
import type { Pace } from './pace.ts';

/** Events on their way at the same time; what comes past it is not told. */
const mostInFlight = 32;
const callMs = 5_000;
/** Octets; the API server takes no more (events.k8s.io/v1). */
const longestNote = 1_024;
const longestName = 200;

export interface ClusterEvent {
  readonly type: 'Normal' | 'Warning';
  /** One word for programs, such as Issued. */
  readonly reason: string;
  readonly note: string;
}

export interface EventPosterOptions {
  readonly api: KubernetesApi;
  /** Who says it, such as countersign.dev/issuer. */
  readonly controller: string;
  /** Which of several, such as the name of our pod. */
  readonly instance: string;
  readonly pace: Pace;
  readonly onTrouble: (message: string) => void;
}

/** Tells people what became of an object, where `kubectl describe` shows it. Nothing waits for it, and nothing is lost with it. */
export class EventPoster {
  readonly #options: EventPosterOptions;
  readonly #inFlight = new Set<Promise<void>>();
  #made = 0;
  /** Told of once, until one is taken again. */
  #isRefused = false;

  constructor(options: EventPosterOptions) {
    this.#options = options;
  }

  /** `about`: apiVersion, kind, name, uid, and namespace where it has one. */
  post(about: KubernetesObject, event: ClusterEvent): void {
    if (this.#inFlight.size >= mostInFlight) return;
    const posting = this.#post(about, event)
      .then(
        () => {
          this.#isRefused = false;
        },
        (thrown: unknown) => this.#refused(thrown),
      )
      .finally(() => this.#inFlight.delete(posting));
    this.#inFlight.add(posting);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#inFlight);
  }

  #refused(thrown: unknown): void {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    if (!this.#isRefused) this.#options.onTrouble(`events are not told: ${message}`);
    this.#isRefused = true;
  }

  async #post(about: KubernetesObject, { type, reason, note }: ClusterEvent): Promise<void> {
    const { api, controller, instance, pace } = this.#options;
    const { namespace, ...regarding } = about;
    // what is of no namespace is told of in this one
    const folder = typeof namespace === 'string' && namespace !== '' ? namespace : 'default';
    const now = pace.now();
    // what is cut may end as no name can
    const stem = String(about.name)
      .slice(0, longestName)
      .replace(/[-.]+$/, '');
    const name = `${stem}.${now.toString(16)}${(this.#made++ % 0x10000).toString(16)}`;
    await api.ask({
      method: 'POST',
      path: `/apis/events.k8s.io/v1/namespaces/${encodeURIComponent(folder)}/events`,
      body: {
        apiVersion: 'events.k8s.io/v1',
        kind: 'Event',
        metadata: { name, namespace: folder },
        eventTime: new Date(now).toISOString().replace('Z', '000Z'),
        reportingController: controller,
        reportingInstance: instance.slice(0, 128),
        action: type === 'Normal' ? 'Synced' : 'SyncFailed',
        reason,
        type,
        note: shortened(note),
        regarding: folder === namespace ? about : regarding,
      },
      timeoutMs: callMs,
    });
  }
}

function shortened(note: string): string {
  const octets = Buffer.from(note);
  return octets.length <= longestNote
    ? note
    : octets
        .subarray(0, longestNote - 3)
        .toString('utf8')
        .replace(/�+$/, '');
}
