import type { S3Answer } from './call.ts';

/** Octets of an answer in which its error is looked for. */
const mostRead = 8_192;

/** An answer that is not what was asked for, with the server's own code: it names what is wrong with a bucket, a key or a right. */
export class S3Refusal extends Error {
  override readonly name = 'S3Refusal';
  readonly answer: S3Answer;
  /** Empty where it gives none. */
  readonly code: string;

  constructor(method: string, path: string, answer: S3Answer) {
    const code = elementIn(answer, 'Code');
    super(`${method} of ${path} is answered with ${answer.status} ${code}`.trimEnd());
    this.answer = answer;
    this.code = code;
  }

  /** What the server says to it for people; a region, where it names one. */
  element(name: 'Message' | 'Region'): string {
    return elementIn(this.answer, name);
  }
}

function elementIn({ body }: S3Answer, name: string): string {
  const [, text = ''] = new RegExp(`<${name}>([^<]{1,500})</${name}>`).exec(body.toString('utf8', 0, mostRead)) ?? [];
  return text;
}
