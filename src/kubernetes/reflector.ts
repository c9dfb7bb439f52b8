import { ApiError, type KubernetesApi, type KubernetesObject } from './api.ts';
import { type Intake, Mirror, type MirrorOptions } from './mirror.ts';
import { keyOf } from './object-set.ts';
import { type Pace, pause, systemPace } from './pace.ts';
import { pagedList } from './paged-list.ts';
import { Recovery } from './recovery.ts';
import { Silence } from './silence.ts';
import type { View } from './view.ts';
import { readMeta, readWatchEvent, type WatchEvent } from './watch-event.ts';

export interface ReflectorOptions<T> extends MirrorOptions<T> {
  readonly api: KubernetesApi;
  /** Of the collection: `/api/v1/pods`. */
  readonly path: string;
  /** `fieldSelector`, `labelSelector`. */
  readonly query?: Readonly<Record<string, string>>;
  readonly pace?: Pace;
}

/** The API server sends a bookmark about every minute: this long without one and the watch is not alive. */
const silenceMs = 150_000;
/** For a whole set that is streamed; a server that knows no such thing would never end it. */
const initialMs = 60_000;
/** Without a word while the whole set is to come: then it is listed. */
const stalledMs = 8000;
/** Quiet for this long, and it is asked whether there is really nothing new. */
const doubtMs = 30_000;
/** Until it is asked once more, where that had no good answer: a server that was away is to be heard of soon. */
const againMs = 5000;
const longestFault = 1024;
/** A watch that ends at once and says nothing is no clean end. */
const shortMs = 1000;

/** Keeps up a View by list and watch, whatever happens to the connection; never gives up. */
export class Reflector<T> implements View<T> {
  readonly #options: ReflectorOptions<T>;
  readonly #pace: Pace;
  readonly #mirror: Mirror<T>;
  readonly #recovery: Recovery;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  /** To watch from; undefined when the whole set must be had first. */
  #version: string | undefined;
  #synced = false;
  #lastContact = 0;
  #contactAt = Number.NEGATIVE_INFINITY;
  #fault: string | undefined;
  #wholeSets = 0;
  #doubting = false;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.#pace = options.pace ?? systemPace;
    this.#mirror = new Mirror(options);
    this.#recovery = new Recovery(this.#pace);
  }

  get(namespace: string, name: string): T | undefined {
    return this.#mirror.objects.get(keyOf(namespace, name));
  }

  all(): Iterable<T> {
    return this.#mirror.objects.all();
  }

  /** Objects by a secondary index. Throws RangeError where there is none of that name. */
  by(index: string, value: string): T[] {
    return this.#mirror.objects.by(index, value);
  }

  get size(): number {
    return this.#mirror.objects.size;
  }

  get synced(): boolean {
    return this.#synced;
  }

  /** Synced, and still permitted to look. Says nothing of how fresh: that is `lastContact`. */
  get ready(): boolean {
    return this.#synced && !this.#recovery.shutOut;
  }

  get lastContact(): number {
    return this.#lastContact;
  }

  /** ms since the last contact, whatever was done to the wall clock meanwhile; infinite before the first. */
  get silentMs(): number {
    return this.#pace.elapsed() - this.#contactAt;
  }

  /** Why the last attempt failed; undefined while all is well. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** How often the whole set was had. */
  get wholeSets(): number {
    return this.#wholeSets;
  }

  start(): void {
    this.#running ??= this.#run(this.#stopping.signal);
  }

  /** What is known stays readable. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      let waitMs: number;
      try {
        waitMs = await this.#follow(signal);
      } catch (thrown) {
        if (signal.aborted) break;
        waitMs = this.#waitAfter(thrown);
      }
      if (waitMs > 0) await pause(this.#pace, waitMs, signal);
    }
  }

  /** One connection from its beginning to its clean end; resolves with ms to wait. */
  async #follow(signal: AbortSignal): Promise<number> {
    if (this.#version === undefined && !this.#recovery.streams) await this.#list(signal);
    const began = this.#pace.elapsed();
    const events = await this.#watch(signal);
    return events === 0 && this.#pace.elapsed() - began < shortMs ? this.#recovery.afterNothing() : 0;
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { api, path, query = {} } = this.#options;
    const intake: Intake<T> = new Map();
    const version = await pagedList(api, { path, query, signal }, (object) =>
      this.#mirror.take(intake, readMeta(object), object),
    );
    this.#whole(intake, version);
  }

  /** Resolves with the number of events at the watch's clean end. */
  async #watch(stop: AbortSignal): Promise<number> {
    const attempt = new AbortController();
    const signal = AbortSignal.any([stop, attempt.signal]);
    const giveUp = (why: string) => attempt.abort(new ApiError(why, { status: 0 }));
    using silence = new Silence(this.#pace, silenceMs, () => giveUp('the watch fell silent'));
    using doubt = new Silence(this.#pace, doubtMs, () => void this.#doubt(signal, giveUp));
    const isLate = () => {
      if (this.#version === undefined) giveUp('the whole set did not come in time');
    };
    using stall = this.#version === undefined ? new Silence(this.#pace, stalledMs, isLate) : undefined;
    const callOff = this.#pace.after(initialMs, isLate);
    const intake: Intake<T> = new Map();
    let events = 0;
    try {
      for await (const line of this.#lines(300 + Math.floor(this.#pace.random() * 301), signal)) {
        const event = readWatchEvent(line);
        events += 1;
        silence.heard();
        doubt.heard();
        stall?.heard();
        if (this.#version !== undefined) this.#apply(event);
        else if (this.#gather(intake, event)) stall?.[Symbol.dispose]();
      }
    } finally {
      callOff();
    }
    if (this.#version === undefined) throw new ApiError('the watch ended before the set was whole', { status: 0 });
    return events;
  }

  /** Of a watch from the version that we have, or with the whole set first. */
  #lines(timeoutSeconds: number, signal: AbortSignal): AsyncIterable<KubernetesObject> {
    const { api, path, query } = this.#options;
    const from =
      this.#version === undefined
        ? { sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' }
        : { resourceVersion: this.#version };
    const how = { watch: 'true', allowWatchBookmarks: 'true', timeoutSeconds: String(timeoutSeconds) };
    return api.lines({ method: 'GET', path, query: { ...query, ...how, ...from }, signal });
  }

  /** True when the set is whole. */
  #gather(intake: Intake<T>, event: WatchEvent): boolean {
    if (event.type === 'put') this.#mirror.take(intake, event.meta, event.object);
    else if (event.type === 'delete') intake.delete(keyOf(event.meta.namespace, event.meta.name));
    else if (event.initialEnd) this.#whole(intake, event.resourceVersion);
    return this.#version !== undefined;
  }

  /** The version is taken last: what fails here is sent again. */
  #apply(event: WatchEvent): void {
    if (event.type === 'put') this.#mirror.put(event.meta, event.object);
    else if (event.type === 'delete') this.#mirror.remove(event.meta);
    this.#version = event.type === 'bookmark' ? event.resourceVersion : event.meta.resourceVersion;
    this.#allIsWell();
  }

  #whole(intake: Intake<T>, version: string): void {
    this.#mirror.replace(intake);
    intake.clear();
    this.#version = version;
    this.#synced = true;
    this.#wholeSets += 1;
    this.#recovery.whole();
    this.#allIsWell();
  }

  #contact(): void {
    this.#lastContact = this.#pace.now();
    this.#contactAt = this.#pace.elapsed();
  }

  #allIsWell(): void {
    this.#contact();
    this.#fault = undefined;
    this.#recovery.heard();
  }

  /** Until something is known, or was heard: the age of the last contact tells how long that takes. */
  async #doubt(signal: AbortSignal, giveUp: (why: string) => void): Promise<void> {
    if (this.#doubting) return;
    this.#doubting = true;
    const heardAt = this.#contactAt;
    try {
      while (!signal.aborted && this.#contactAt === heardAt && !(await this.#askAnew(signal, giveUp)))
        await pause(this.#pace, againMs, signal);
    } finally {
      this.#doubting = false;
    }
  }

  /**
   * A quiet watch and a dead one look the same, and bookmarks are a minute apart: a second, short watch from the same
   * version tells. It has nothing new: then neither have we missed anything. It has: then ours is dead. False without a
   * good answer.
   */
  async #askAnew(signal: AbortSignal, giveUp: (why: string) => void): Promise<boolean> {
    const version = this.#version;
    if (version === undefined) return true;
    let isNews = false;
    try {
      for await (const line of this.#lines(1, signal)) isNews ||= readWatchEvent(line).type !== 'bookmark';
    } catch {
      return false;
    }
    if (!isNews) this.#contact();
    else if (this.#version === version) giveUp('the watch has fallen behind');
    return true;
  }

  /** ms until the next attempt. */
  #waitAfter(thrown: unknown): number {
    const error = thrown instanceof ApiError ? thrown : new ApiError(String(thrown), { status: 0 });
    this.#fault = error.message.slice(0, longestFault);
    this.#mirror.report(this.#fault);
    const { waitMs, anew } = this.#recovery.after(error, this.#version === undefined);
    if (anew) this.#version = undefined;
    return waitMs;
  }
}
