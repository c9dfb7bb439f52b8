import { type AddCheckpoint, parseAddCheckpoint } from '#audit/add-checkpoint.ts';
import { parseCheckpoint, type ReadCheckpoint } from '#audit/checkpoint.ts';
import type { Cosigner } from '#audit/cosignature.ts';
import { Malformed } from '#audit/malformed.ts';
import { emptyRoot } from '#audit/merkle.ts';
import { isConsistent } from '#audit/merkle-proof.ts';
import { formatNote, formatSignatures, type NoteSignature, verifyNote } from '#audit/note.ts';
import type { NoteVerifier } from '#audit/vkey.ts';
import { ForwardTime } from '#issuance/fairness/forward-time.ts';
import { Pace } from '#issuance/fairness/pace.ts';
import type { Clock } from '#issuance/ports.ts';
import { originHash, type SeenHeads } from './seen-heads.ts';
import type { Verdict } from './verdict.ts';

export interface WitnessParts {
  /** One at least; each signs each checkpoint. */
  readonly cosigners: readonly Cosigner[];
  /** Keys of logs; those of one name are of one log, such as an old and a new one. */
  readonly logs: readonly NoteVerifier[];
  readonly seen: SeenHeads;
  readonly clock: Clock;
  /** Checkpoints of one log that are looked at in a second. */
  readonly perSecond: number;
  /** Hears of a log that has signed what does not continue what it has signed before, or gives no proof that it does. */
  readonly onInconsistent: (checkpoint: ReadCheckpoint, problem: string) => void;
}

/** A log that is known here. Its requests are decided one after the other. */
interface KnownLog {
  readonly keys: readonly NoteVerifier[];
  /** When it has its whole share again, ms. */
  fullAt: number;
  turn: Promise<unknown>;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Signs checkpoints of others, as long as each continues the one before: the other half of what keeps a log honest. It never
 * signs a smaller tree, another of the same size, or one that does not begin with what it has signed.
 */
export class Witness {
  readonly #parts: WitnessParts;
  /** fsync is what a log could use up. */
  readonly #pace: Pace;
  readonly #time: ForwardTime;
  readonly #logs = new Map<string, KnownLog>();

  constructor(parts: WitnessParts) {
    const { perSecond, clock } = parts;
    this.#parts = parts;
    this.#pace = new Pace({ perSecond, burst: perSecond }, 0);
    this.#time = new ForwardTime(clock);
    for (const [name, keys] of Map.groupBy(parts.logs, ({ name }) => name))
      this.#logs.set(name, { keys, fullAt: 0, turn: Promise.resolve() });
  }

  /** The newest checkpoint that was cosigned of the log whose origin has this SHA-256 (hex). */
  checkpoint(hashOfOrigin: string): string | undefined {
    const seen = this.#parts.seen.of(hashOfOrigin);
    return seen && formatNote(seen.note);
  }

  /** The body of an `add-checkpoint`. Never rejects for what a stranger sent. */
  async add(body: Uint8Array): Promise<Verdict> {
    let request: AddCheckpoint;
    let checkpoint: ReadCheckpoint;
    try {
      request = parseAddCheckpoint(utf8.decode(body));
      checkpoint = parseCheckpoint(Buffer.from(request.checkpoint));
    } catch (thrown) {
      const problem = thrown instanceof Malformed ? thrown.message : 'it is not UTF-8';
      return { kind: 'malformed', problem };
    }
    const log = this.#logs.get(checkpoint.origin);
    if (log === undefined) return { kind: 'unknown-log', problem: `no log "${checkpoint.origin}" is witnessed here` };
    const own = signaturesOf(checkpoint, log.keys);
    if (own === undefined)
      return { kind: 'unsigned', problem: 'no key that is known here has signed it, or a signature does not hold' };
    if (request.old > checkpoint.size)
      return { kind: 'malformed', problem: 'the old size is larger than that of the checkpoint' };
    // After the signature: nobody but the log itself uses up its share.
    const now = this.#time.now();
    if (!this.#pace.allows(log.fullAt, now, false)) return { kind: 'busy' };
    log.fullAt = this.#pace.charged(log.fullAt, now);
    const signed = { ...checkpoint, note: { text: checkpoint.note.text, signatures: own } };
    const decided = log.turn.then(() => this.#decide(request, signed));
    log.turn = decided.catch(() => undefined);
    return decided;
  }

  async #decide({ old, proof }: AddCheckpoint, checkpoint: ReadCheckpoint): Promise<Verdict> {
    const { cosigners, seen, clock, onInconsistent } = this.#parts;
    const last = seen.of(originHash(checkpoint.origin)) ?? { size: 0, root: emptyRoot };
    if (old !== last.size) return { kind: 'seen', size: last.size };
    if (!isConsistent(last, checkpoint, proof)) {
      const isOther = last.size === checkpoint.size && Buffer.compare(last.root, checkpoint.root) !== 0;
      const problem = isOther
        ? `another tree of ${last.size} entries was signed before`
        : `no proof that it continues the ${last.size} entries that were seen`;
      onInconsistent(checkpoint, problem);
      if (isOther) await seen.dispute(checkpoint.origin, checkpoint.note);
      return { kind: 'inconsistent', problem };
    }
    const { text, signatures } = checkpoint.note;
    const seconds = Math.max(1, Math.floor(clock.now() / 1_000));
    const cosignatures = await Promise.all(cosigners.map((each) => each.cosign(text, seconds)));
    // A crash before this line has told nobody; one after it leaves a cosignature that nobody holds, of a tree that stands.
    await seen.keep({ ...checkpoint, note: { text, signatures: [...signatures, ...cosignatures] } });
    return { kind: 'cosigned', signatures: formatSignatures(cosignatures) };
  }
}

/** The log's own signatures; undefined where none is there, or one does not hold. */
function signaturesOf({ note }: ReadCheckpoint, keys: readonly NoteVerifier[]): readonly NoteSignature[] | undefined {
  try {
    const held = verifyNote(note, keys);
    const own = held.flatMap(
      ({ name, keyId }) => note.signatures.find((s) => s.name === name && s.keyId === keyId) ?? [],
    );
    return own.length > 0 ? own : undefined;
  } catch (thrown) {
    if (thrown instanceof Malformed) return undefined;
    throw thrown;
  }
}
