/**
 * Values by key in the order in which they were touched last, in a room with an end: whatever was not touched for as long
 * as a window is goes unseen, and what has to go before counts as forgotten.
 */
export class Room<Value extends { size: number; time: number }> {
  readonly #most: number;
  readonly #byKey = new Map<string, Value>();
  #size = 0;
  forgotten = 0;

  /** `most`: of all sizes together. */
  constructor(most: number) {
    this.#most = most;
  }

  get(key: string): Value | undefined {
    return this.#byKey.get(key);
  }

  /** Lets go of what ended before `since`. */
  expire(since: number): void {
    for (const [key, value] of this.#byKey) {
      if (value.time >= since) return;
      this.#byKey.delete(key);
      this.#size -= value.size;
    }
  }

  /** Puts it back after a change, as the one touched last; `before` is the size that it had. */
  touch(key: string, value: Value, before: number): void {
    this.#byKey.delete(key);
    this.#byKey.set(key, value);
    this.#size += value.size - before;
    for (const [oldest, { size }] of this.#byKey) {
      if (this.#size <= this.#most || oldest === key) return;
      this.#byKey.delete(oldest);
      this.#size -= size;
      this.forgotten += 1;
    }
  }
}
