import { withoutSecrets } from '#http/veil.ts';
import type { S3Answer } from './call.ts';

/** Octets of an answer in which its error is looked for. */
const mostRead = 8_192;
/** Characters of a header that are kept. */
const longestHeader = 100;

/**
 * An answer that is not what was asked for, with the server's own code: it names what is wrong with a bucket, a key or a right.
 * The server's words are here without our secrets, should it say them back.
 */
export class S3Refusal extends Error {
  override readonly name = 'S3Refusal';
  /** ms that we are asked to wait. */
  readonly retryAfterMs: number | undefined;
  readonly #answer: S3Answer;
  /** Empty where it gives none. */
  readonly code: string;

  constructor(method: string, path: string, answer: S3Answer) {
    const code = elementIn(answer, 'Code');
    super(`${method} of ${path} is answered with ${answer.status} ${code}`.trimEnd());
    this.#answer = answer;
    this.retryAfterMs = answer.retryAfterMs;
    this.code = code;
  }

  /** What the server says to it for people; a region, where it names one. */
  element(name: 'Message' | 'Region'): string {
    return elementIn(this.#answer, name);
  }

  /** Empty where there is none. */
  header(name: 'date' | 'x-amz-bucket-region'): string {
    return withoutSecrets(this.#answer.header(name)?.slice(0, longestHeader) ?? '', this.#answer.secrets);
  }
}

function elementIn({ body, secrets }: S3Answer, name: string): string {
  const [, text = ''] = new RegExp(`<${name}>([^<]{1,500})</${name}>`).exec(body.toString('utf8', 0, mostRead)) ?? [];
  return withoutSecrets(text, secrets);
}
