import { Malformed } from './malformed.ts';
import { hashLength } from './merkle.ts';
import { decodeBase64 } from './vkey.ts';

/** What a log asks a witness (C2SP tlog-witness v1.0.0, `add-checkpoint`). */
export interface AddCheckpoint {
  /** Size of the tree that the witness has seen last; 0 for none. */
  readonly old: number;
  /** From that size to the checkpoint's (RFC 6962 §2.1.2). */
  readonly proof: readonly Uint8Array[];
  /** A signed checkpoint. */
  readonly checkpoint: string;
}

const mostProofLines = 63;

/** With which a witness says the size that it has seen, where the asker meant another. */
export const sizeContentType = 'text/x.tlog.size';

export function formatAddCheckpoint({ old, proof, checkpoint }: AddCheckpoint): string {
  const hashes = proof.map((hash) => `${Buffer.from(hash).toString('base64')}\n`).join('');
  return `old ${old}\n${hashes}\n${checkpoint}`;
}

/** Reads the request's body; the checkpoint as it stands there. Throws Malformed. */
export function parseAddCheckpoint(text: string): AddCheckpoint {
  const split = text.indexOf('\n\n');
  const [first = '', ...lines] = text.slice(0, Math.max(split, 0)).split('\n');
  const decimal = /^old (0|[1-9][0-9]*)$/.exec(first)?.[1];
  const old = Number(decimal);
  if (decimal === undefined || !Number.isSafeInteger(old))
    throw new Malformed('the first line must be "old SIZE", in decimal');
  if (lines.length > mostProofLines) throw new Malformed(`more than ${mostProofLines} lines of proof`);
  return { old, proof: lines.map(parseHash), checkpoint: text.slice(split + 2) };
}

/** The body of a witness's 409. Throws Malformed. */
export function parseSize(text: string): number {
  const size = Number(/^(0|[1-9][0-9]*)\n$/.exec(text)?.[1]);
  if (!Number.isSafeInteger(size)) throw new Malformed('a size must be a decimal number and a newline');
  return size;
}

function parseHash(line: string): Uint8Array {
  const hash = decodeBase64(line);
  if (hash?.length !== hashLength) throw new Malformed('each line of proof must be the base64 of 32 octets');
  return hash;
}
