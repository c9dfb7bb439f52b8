import { formatAddCheckpoint, parseSize, sizeContentType } from '#audit/add-checkpoint.ts';
import { parseCheckpoint } from '#audit/checkpoint.ts';
import { Malformed } from '#audit/malformed.ts';
import { type NoteSignature, parseSignatures } from '#audit/note.ts';
import type { Witness } from '#audit/quorum.ts';
import type { NoteVerifier } from '#audit/vkey.ts';
import { type Answer, exchange } from '#http/exchange.ts';
import { problemIn, wordsIn } from '#http/words.ts';
import type { Submission } from '#store/cosigning.ts';

export interface WitnessAddress {
  readonly name: string;
  readonly keys: readonly NoteVerifier[];
  /** Ends with a slash. */
  readonly url: string;
  /** File of PEM: those that its certificate may come from. Absent: the system's. */
  readonly ca?: string;
  /** For one checkpoint, all in all. */
  readonly timeoutMs: number;
}

/** What became of asking a witness. */
export type Outcome =
  | { readonly kind: 'cosigned'; readonly signatures: readonly NoteSignature[] }
  /** It has seen a larger tree of this log. */
  | { readonly kind: 'ahead'; readonly size: number }
  /** To it this checkpoint is another history than the one that it has seen. */
  | { readonly kind: 'disputed'; readonly problem: string }
  /** It does not know us, or does not understand us. */
  | { readonly kind: 'refused'; readonly problem: string }
  | { readonly kind: 'failed'; readonly problem: string };

/** Times that the size it has seen may be another than we thought: other replicas ask it too. */
const mostTries = 4;
/** Octets of an answer: some twenty cosignatures with ML-DSA-44. */
const longestAnswer = 64 * 1024;
const headers = { 'content-type': 'text/plain; charset=utf-8' };

/** Somebody who is asked to cosign our checkpoints (C2SP tlog-witness). */
export class RemoteWitness implements Witness {
  readonly name: string;
  readonly keys: readonly NoteVerifier[];
  readonly #address: WitnessAddress;
  readonly #url: URL;
  /** Size of the tree that it has seen last, as far as we know: it tells where we are wrong. */
  #seen = 0;

  constructor(address: WitnessAddress) {
    this.name = address.name;
    this.keys = address.keys;
    this.#address = address;
    this.#url = new URL('add-checkpoint', address.url);
  }

  /** Bounded in time; never rejects. */
  async ask(submission: Submission): Promise<Outcome> {
    const { timeoutMs } = this.#address;
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      return await this.#ask(submission, signal);
    } catch (thrown) {
      if (signal.aborted) return { kind: 'failed', problem: `no answer within ${timeoutMs} ms` };
      return { kind: 'failed', problem: problemIn(thrown) };
    }
  }

  async #ask(submission: Submission, signal: AbortSignal): Promise<Outcome> {
    const { size, note } = parseCheckpoint(Buffer.from(submission.note));
    const { ca } = this.#address;
    const tls = ca === undefined ? {} : { ca };
    for (let tries = 0; tries < mostTries; tries++) {
      const old = Math.min(this.#seen, size);
      const proof = await submission.proof(old);
      const body = formatAddCheckpoint({ old, proof, checkpoint: submission.note });
      const answer = await exchange(this.#url, {
        method: 'POST',
        headers,
        body,
        tls,
        signal,
        longestAnswer,
        repeatable: true,
      });
      if (answer.status !== 409) return this.#read(answer, note.text, size);
      if (!answer.header('content-type')?.startsWith(sizeContentType))
        return { kind: 'failed', problem: `409 without a size: its content type is not ${sizeContentType}` };
      this.#seen = parseSize(textOf(answer));
      if (this.#seen > size) return { kind: 'ahead', size: this.#seen };
      if (this.#seen === old) return { kind: 'failed', problem: `409 with the size ${old} that it was asked with` };
    }
    return { kind: 'failed', problem: `it has seen another size ${mostTries} times in a row` };
  }

  #read(answer: Answer, text: string, size: number): Outcome {
    const { status } = answer;
    switch (status) {
      case 200: {
        const signatures = this.#verified(answer, text);
        if (signatures.length === 0) return { kind: 'failed', problem: 'its answer has no cosignature of its key' };
        this.#seen = size;
        return { kind: 'cosigned', signatures };
      }
      case 422:
        return { kind: 'disputed', problem: `422: ${said(answer)}` };
      case 400:
        // Whatever it has seen: from the beginning anybody may ask.
        this.#seen = 0;
        return { kind: 'refused', problem: `400: ${said(answer)}` };
      case 403:
      case 404:
        return { kind: 'refused', problem: `${status}: ${said(answer)}` };
      default:
        return { kind: 'failed', problem: `it answered with status ${status}` };
    }
  }

  /** Those of its keys. Throws Malformed for one that does not hold. */
  #verified(answer: Answer, text: string): readonly NoteSignature[] {
    const octets = Buffer.from(text);
    return parseSignatures(answer.body).filter(({ name, keyId, signature }) => {
      const key = this.keys.find((each) => each.name === name && each.keyId === keyId);
      if (key !== undefined && !key.verifies(octets, signature))
        throw new Malformed(`its cosignature by ${name} does not hold`);
      return key !== undefined;
    });
  }
}

const textOf = ({ body }: Answer) => body.toString('utf8');

/** A stranger's words, for our log and our record. */
const said = (answer: Answer) => JSON.stringify(wordsIn(textOf(answer)));
