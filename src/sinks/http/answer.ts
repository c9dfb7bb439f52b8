import { withoutSecrets } from '#http/veil.ts';
import { wordsIn } from '#http/words.ts';

/** Characters of a receiver's words that are looked at. */
const mostLookedAt = 4_096;

/** What a receiver answers, whole. */
export class Answer {
  readonly status: number;
  readonly octets: Uint8Array;
  /** ms that it asks us to wait. */
  readonly retryAfterMs: number | undefined;
  readonly #secrets: readonly string[];

  /** `secrets` are what the request held that nobody else may see. */
  constructor(status: number, octets: Uint8Array, retryAfterMs: number | undefined, secrets: readonly string[]) {
    this.status = status;
    this.octets = octets;
    this.retryAfterMs = retryAfterMs;
    this.#secrets = secrets;
  }

  get body(): string {
    return Buffer.from(this.octets).toString('utf8');
  }

  /** `what` with the receiver's words: on one line, bounded, without our secrets, since it goes into records and logs. */
  words(what: string, said: string = this.body): string {
    const words = wordsIn(withoutSecrets(said.slice(0, mostLookedAt), this.#secrets));
    return words === '' ? what : `${what}: ${words}`;
  }
}
