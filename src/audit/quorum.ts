import { Malformed } from './malformed.ts';
import { type Note, verifyNote } from './note.ts';
import type { NoteVerifier } from './vkey.ts';

/** Somebody who signs checkpoints of others; one voice, however many keys. */
export interface Witness {
  /** As whoever trusts it calls it. */
  readonly name: string;
  readonly keys: readonly NoteVerifier[];
}

/** Which witnesses are enough (C2SP tlog-policy). */
export type Quorum<W extends Witness = Witness> =
  | { readonly kind: 'none' }
  | { readonly kind: 'witness'; readonly witness: W }
  | { readonly kind: 'group'; readonly least: number; readonly members: readonly Quorum<W>[] };

export function isMet(quorum: Quorum, cosigned: ReadonlySet<Witness>): boolean {
  switch (quorum.kind) {
    case 'none':
      return true;
    case 'witness':
      return cosigned.has(quorum.witness);
    case 'group':
      return quorum.members.filter((member) => isMet(member, cosigned)).length >= quorum.least;
  }
}

/** `least` of all of them. */
export function anyOf<W extends Witness>(least: number, witnesses: readonly W[]): Quorum<W> {
  return { kind: 'group', least, members: witnesses.map((witness) => ({ kind: 'witness', witness })) };
}

/** The same rule about others. */
export function translated<W extends Witness, V extends Witness>(quorum: Quorum<W>, of: (witness: W) => V): Quorum<V> {
  switch (quorum.kind) {
    case 'none':
      return quorum;
    case 'witness':
      return { kind: 'witness', witness: of(quorum.witness) };
    case 'group':
      return { ...quorum, members: quorum.members.map((member) => translated(member, of)) };
  }
}

/** Those whose cosignature is on a checkpoint. Throws Malformed where one by a known key does not hold. */
export function witnessesOf<W extends Witness>(note: Note, witnesses: readonly W[]): Set<W> {
  const held = new Set(
    verifyNote(
      note,
      witnesses.flatMap(({ keys }) => keys),
    ),
  );
  return new Set(witnesses.filter(({ keys }) => keys.some((key) => held.has(key))));
}

/** Gives the witnesses that have cosigned. Throws Malformed where they are not enough. */
export function demandQuorum<W extends Witness>(note: Note, witnesses: readonly W[], quorum: Quorum<W>): Set<W> {
  const cosigned = witnessesOf(note, witnesses);
  if (isMet(quorum, cosigned)) return cosigned;
  const names = [...cosigned].map(({ name }) => name).join(', ');
  const by = names === '' ? 'no witness that is known here' : `${names} alone, which is no quorum`;
  throw new Malformed(`checkpoint: cosigned by ${by}: it may be one that others do not see`);
}
