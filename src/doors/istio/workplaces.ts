/**
 * How many requests may be worked on at once. There is no queue: who finds no place is told so at once. A place is
 * free again when its work has really ended, so that a client that resets streams cannot pile up work behind it.
 */
export class Workplaces {
  readonly #limit: number;
  #taken = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  take(): boolean {
    if (this.#taken >= this.#limit) return false;
    this.#taken++;
    return true;
  }

  free(): void {
    this.#taken--;
  }
}
