import { ApiError, type KubernetesApi, type KubernetesObject } from './api.ts';
import { type LeaseRecord, microTime, readLease, writeLease } from './lease.ts';
import { type Pace, pause, systemPace } from './pace.ts';

export interface LeaseElectorOptions {
  readonly api: KubernetesApi;
  readonly namespace: string;
  readonly name: string;
  /** Of this process and no other, such as the pod's name with its UID. */
  readonly identity: string;
  /** Called when a term begins, with the signal that is aborted at its end: give it to every write. */
  readonly onLeading?: (term: AbortSignal) => void;
  readonly onTrouble?: (message: string) => void;
  readonly pace?: Pace;
}

/** As client-go's defaults, so that our Lease reads as everybody's does. */
const durationMs = 15_000;
/** After this long without a renewal we no longer write: others may take over at `durationMs`, not before. */
const renewDeadlineMs = 10_000;
const retryMs = 2000;
const callMs = 5000;
/** To hand the lease back: a renewal that was called off may still be written in between. */
const releaseTries = 3;

/**
 * One writer among replicas, by the protocol of client-go's leader election. Other holders' clocks do not matter: a
 * record is valid for its duration from the moment we last saw it change.
 */
export class LeaseElector {
  readonly #options: LeaseElectorOptions;
  readonly #pace: Pace;
  readonly #path: string;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #lease: KubernetesObject | undefined;
  #seen: string | undefined;
  #seenAt = 0;
  /** Of the attempt that last succeeded, from before it was sent. */
  #renewedAt = Number.NEGATIVE_INFINITY;
  #term: AbortController | undefined;
  #endTerm = () => {};
  /** Something was sent that may have made it ours, whether or not an answer came. */
  #hasClaimed = false;

  constructor(options: LeaseElectorOptions) {
    this.#options = options;
    this.#pace = options.pace ?? systemPace;
    this.#path = `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(options.namespace)}/leases`;
  }

  /** Judged by the time that has passed, so that it is false in time also where a timer comes late. */
  get leading(): boolean {
    const held = this.#term !== undefined && !this.#term.signal.aborted;
    return held && this.#pace.elapsed() - this.#renewedAt < renewDeadlineMs;
  }

  /** Aborted when the term ends: give it to every write. Undefined for who does not lead. */
  get term(): AbortSignal | undefined {
    return this.leading ? this.#term?.signal : undefined;
  }

  /** Who held the lease when it was last seen; empty where nobody did. */
  get holder(): string {
    return this.#lease === undefined ? '' : readLease(this.#lease).holder;
  }

  start(): void {
    this.#running ??= this.#run(this.#stopping.signal);
  }

  /** Ends the term and hands the lease back, so that another takes over at its next look. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#end();
    await this.#running;
    if (this.#hasClaimed) await this.#release().catch((thrown: unknown) => this.#report(thrown));
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#attempt(signal);
      } catch (thrown) {
        if (signal.aborted) return;
        this.#report(thrown);
      }
      await pause(this.#pace, retryMs * (1 + this.#pace.random() / 5), signal);
    }
  }

  async #attempt(signal: AbortSignal): Promise<void> {
    const began = this.#pace.elapsed();
    const lease = await this.#read(signal);
    if (lease === undefined) {
      const fresh = { metadata: { namespace: this.#options.namespace, name: this.#options.name } };
      this.#won(await this.#write('POST', writeLease(fresh, this.#claim(undefined)), signal), began);
      return;
    }
    this.#observe(lease);
    const record = readLease(lease);
    const { identity } = this.#options;
    const isOurs = record.holder === identity;
    if (!isOurs) this.#end();
    if (!isOurs && record.holder !== '' && this.#isValid(record)) return;
    this.#won(await this.#write('PUT', writeLease(lease, this.#claim(record)), signal), began);
  }

  async #read(signal?: AbortSignal): Promise<KubernetesObject | undefined> {
    const path = `${this.#path}/${encodeURIComponent(this.#options.name)}`;
    try {
      return await this.#options.api.ask({
        method: 'GET',
        path,
        timeoutMs: callMs,
        ...(signal !== undefined && { signal }),
      });
    } catch (thrown) {
      if (thrown instanceof ApiError && thrown.status === 404) return undefined;
      throw thrown;
    }
  }

  /** With the resourceVersion that was read: of two who write at once one gets a conflict. */
  #write(method: 'POST' | 'PUT', body: KubernetesObject, signal?: AbortSignal): Promise<KubernetesObject> {
    this.#hasClaimed = true;
    const path = method === 'POST' ? this.#path : `${this.#path}/${encodeURIComponent(this.#options.name)}`;
    return this.#options.api.ask({ method, path, body, timeoutMs: callMs, ...(signal !== undefined && { signal }) });
  }

  #observe(lease: KubernetesObject): void {
    const record = JSON.stringify(readLease(lease));
    if (record !== this.#seen) {
      this.#seen = record;
      this.#seenAt = this.#pace.elapsed();
    }
    this.#lease = lease;
  }

  #isValid({ durationSeconds }: LeaseRecord): boolean {
    return this.#pace.elapsed() - this.#seenAt < durationSeconds * 1000;
  }

  #claim(before: LeaseRecord | undefined): LeaseRecord {
    const { identity: holder } = this.#options;
    const renewTime = microTime(this.#pace.now());
    const isOurs = before?.holder === holder;
    return {
      holder,
      durationSeconds: durationMs / 1000,
      acquireTime: isOurs && before.acquireTime !== '' ? before.acquireTime : renewTime,
      renewTime,
      transitions: before === undefined ? 0 : before.transitions + (isOurs ? 0 : 1),
    };
  }

  #won(lease: KubernetesObject, began: number): void {
    this.#observe(lease);
    this.#renewedAt = began;
    this.#endTerm();
    this.#endTerm = this.#pace.after(renewDeadlineMs - (this.#pace.elapsed() - began), () => this.#end());
    if (this.#term !== undefined || this.#stopping.signal.aborted) return;
    this.#term = new AbortController();
    this.#options.onLeading?.(this.#term.signal);
  }

  #end(): void {
    this.#endTerm();
    this.#term?.abort();
    this.#term = undefined;
  }

  /** A crash before this costs the others the rest of the lease, no more. */
  async #release(): Promise<void> {
    for (let tries = 1; ; tries++) {
      const lease = await this.#read();
      if (lease === undefined) return;
      const { holder, transitions } = readLease(lease);
      if (holder !== this.#options.identity) return;
      const now = microTime(this.#pace.now());
      const record = { holder: '', durationSeconds: 1, transitions, acquireTime: now, renewTime: now };
      try {
        return this.#observe(await this.#write('PUT', writeLease(lease, record)));
      } catch (thrown) {
        const isRaced = thrown instanceof ApiError && thrown.status === 409;
        if (!isRaced || tries === releaseTries) throw thrown;
      }
    }
  }

  #report(thrown: unknown): void {
    this.#options.onTrouble?.(thrown instanceof Error ? thrown.message : String(thrown));
  }
}
