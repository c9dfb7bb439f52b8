import { parseCheckpoint } from '#audit/checkpoint.ts';
import { formatNote, type NoteSignature } from '#audit/note.ts';
import { isMet, type Quorum } from '#audit/quorum.ts';
import type { Clock } from '#issuance/ports.ts';
import type { Cosigned, Cosigning, Submission } from '#store/cosigning.ts';
import { BackOff } from './back-off.ts';
import type { Outcome, RemoteWitness } from './remote-witness.ts';

export interface CircleOptions {
  readonly witnesses: readonly RemoteWitness[];
  readonly quorum: Quorum;
  /** Without a quorum: publish all the same, or leave what is published as it is. */
  readonly without: 'continue' | 'withhold';
  readonly clock: Clock;
  /** Hears what became of each checkpoint. */
  readonly onRound: (round: Round) => void;
  /** Hears what became of each question. */
  readonly onAsked: (name: string, outcome: Outcome['kind']) => void;
}

/** What became of a checkpoint. */
export interface Round {
  readonly size: number;
  readonly isMet: boolean;
  readonly cosignedBy: readonly string[];
}

/** A witness as we last heard of it. */
export interface Standing {
  readonly name: string;
  /** The largest tree that it has cosigned for us, and when, ms since the epoch; 0 for none. */
  readonly size: number;
  readonly at: number;
  /** Why it did not cosign, when asked last. */
  readonly problem?: string;
  /** It has seen another history of this log, or more of it than there is. */
  readonly isDisputed: boolean;
}

interface Member {
  readonly witness: RemoteWitness;
  readonly backOff: BackOff;
  standing: Standing;
  isBusy: boolean;
}

/** Runs on when the wall clock is set back. */
const steadily = () => performance.now();

/**
 * The witnesses of a log. All of them are asked at once, each for no longer than its time; one that failed is on trial, asked
 * less and less often, and nobody waits for it until it has answered again.
 */
export class WitnessCircle implements Cosigning {
  readonly #options: CircleOptions;
  readonly #members: readonly Member[];
  /** Cosignatures on the newest checkpoint, by witness. */
  #given: { readonly text: string; readonly by: Map<Member, readonly NoteSignature[]> } = { text: '', by: new Map() };

  constructor(options: CircleOptions) {
    this.#options = options;
    this.#members = options.witnesses.map((witness) => ({
      witness,
      backOff: new BackOff(),
      standing: { name: witness.name, size: 0, at: 0, isDisputed: false },
      isBusy: false,
    }));
  }

  get standings(): readonly Standing[] {
    return this.#members.map(({ standing }) => standing);
  }

  async gather(submission: Submission): Promise<Cosigned> {
    const { quorum, without, onRound } = this.#options;
    const { note, size } = parseCheckpoint(Buffer.from(submission.note));
    if (this.#given.text !== note.text) this.#given = { text: note.text, by: new Map() };
    const { by } = this.#given;
    const waitedFor = this.#members
      .filter((member) => !by.has(member) && !member.isBusy && member.backOff.mayAsk(steadily()))
      .map((member) => {
        const { onTrial } = member.backOff;
        const asked = this.#ask(member, submission, size, by);
        return onTrial ? undefined : asked;
      });
    await Promise.all(waitedFor);
    const cosigned = this.#members.filter((member) => by.has(member));
    const complete = isMet(quorum, new Set(cosigned.map(({ witness }) => witness)));
    onRound({ size, isMet: complete, cosignedBy: cosigned.map(({ witness }) => witness.name) });
    const signatures = [...note.signatures, ...cosigned.flatMap((member) => by.get(member) ?? [])];
    return {
      note: formatNote({ text: note.text, signatures }),
      mayPublish: complete || without === 'continue',
      complete,
    };
  }

  async #ask(member: Member, submission: Submission, size: number, by: Map<Member, readonly NoteSignature[]>) {
    member.isBusy = true;
    try {
      const outcome = await member.witness.ask(submission);
      this.#options.onAsked(member.witness.name, outcome.kind);
      if (outcome.kind === 'cosigned') by.set(member, outcome.signatures);
      await this.#note(member, outcome, submission, size);
    } finally {
      member.isBusy = false;
    }
  }

  async #note(member: Member, outcome: Outcome, submission: Submission, size: number): Promise<void> {
    const { standing, backOff } = member;
    switch (outcome.kind) {
      case 'cosigned':
        backOff.succeeded();
        member.standing = { name: standing.name, size, at: this.#options.clock.now(), isDisputed: false };
        break;
      case 'ahead': {
        // Another replica may have been there first, with records that this one has not seen yet.
        const grown = await submission.grown().catch(() => Number.POSITIVE_INFINITY);
        if (outcome.size <= grown) break;
        backOff.failed(steadily());
        const problem = `it has seen ${outcome.size} entries of this log, which has ${grown}`;
        member.standing = { ...standing, problem, isDisputed: true };
        break;
      }
      case 'disputed':
        backOff.failed(steadily());
        member.standing = { ...standing, problem: outcome.problem, isDisputed: true };
        break;
      case 'refused':
      case 'failed':
        backOff.failed(steadily());
        member.standing = { ...standing, problem: outcome.problem };
    }
  }
}
