import { createHash } from 'node:crypto';
import { openCheckpoint } from '#audit/checkpoint.ts';
import { DroppedRanges, droppedBy } from '#audit/dropped.ts';
import { decodeEntry, type Entry } from '#audit/entry.ts';
import { memberOf } from '#audit/json-object.ts';
import { redactedBy } from '#audit/redacted.ts';
import { tileWidth } from '#audit/tiles.ts';
import { parseVkey } from '#audit/vkey.ts';
import type { TreeView } from '#store/tree-view.ts';
import { referenceRoot } from '#test/audit/reference-tree.ts';

const none = new Uint8Array(0);

/** What was promised to the outside, clients and readers of checkpoints, held against what stands in a store. */
export class Ledger {
  readonly #vkey: string;
  readonly #held = new Set<string>();
  readonly #entries: Uint8Array[] = [];
  readonly #serials = new Set<string>();
  readonly #logged = new Set<string>();
  readonly #checkpoints = new Set<string>();
  readonly #unchecked = new Set<string>();
  /** Entries of the largest tree that a signed checkpoint speaks of. */
  #signed = 0;
  /** Records that say what goes, and are under no signed checkpoint yet. */
  #removals: Entry[] = [];
  readonly #dropped = new DroppedRanges();
  /** Entries that commit to a value beside them, and whether it may be gone. */
  readonly #values = new Map<number, 'kept' | 'erased'>();
  #toErase: readonly number[] = [];

  constructor(vkey: string) {
    this.#vkey = vkey;
  }

  get held(): number {
    return this.#held.size;
  }

  get checkpoints(): number {
    return this.#checkpoints.size;
  }

  get size(): number {
    return this.#entries.length;
  }

  /** A client has the certificate with this SHA-256, hex. */
  readonly hold = (sha256: string): void => {
    this.#held.add(sha256);
  };

  /** Somebody can read this signed note. */
  readonly saw = (note: string): void => {
    if (this.#checkpoints.has(note)) return;
    this.#checkpoints.add(note);
    this.#unchecked.add(note);
  };

  /**
   * Takes in what has been added since the last time. Throws Error where the store went back or is no longer what it was,
   * where an index has no entry or two, a serial or certificate comes twice, or a promise is not kept.
   */
  async reconcile(store: TreeView): Promise<void> {
    const head = await store.head();
    if (head.size < this.size) throw new Error(`${head.size} entries where there were ${this.size}`);
    while (this.size < head.size) {
      for (const entry of await store.entries(this.size, Math.min(head.size, this.size + 1_000)))
        this.#take(entry ?? none);
    }
    this.#demandRoot(head.size, head.root, 'the head');
    for (const note of this.#unchecked) {
      const { size, root } = openCheckpoint(Buffer.from(note), parseVkey(this.#vkey));
      if (size > this.size) throw new Error(`a checkpoint speaks of ${size} entries, and there are ${this.size}`);
      this.#demandRoot(size, root, 'a checkpoint');
      this.#unchecked.delete(note);
      this.#signed = Math.max(this.#signed, size);
    }
    this.#takeRemovals();
    const lost = [...this.#held].find((sha256) => !this.#logged.has(sha256));
    if (lost !== undefined) throw new Error(`a client holds a certificate that the log does not: ${lost}`);
  }

  /** The same, and that every entry is still what it was when it was first seen. */
  async reconcileAll(store: TreeView): Promise<void> {
    await this.reconcile(store);
    for (let from = 0; from < this.size; from += 1_000) {
      const entries = await store.entries(from, Math.min(this.size, from + 1_000));
      const other = entries.findIndex((entry, at) => !this.#isRight(from + at, entry));
      if (other >= 0) throw new Error(`entry ${from + other} is another one than it was, or gone without a word`);
    }
    const beside = new Set((await store.disclosures(0, this.size)).map(({ index }) => index));
    for (const [index, state] of this.#values)
      if (state === 'kept' && !beside.has(index))
        throw new Error(`the value beside entry ${index} is gone without a word`);
  }

  /** The newest entries that have a value beside them, so many: they are to be erased from now on. */
  eraseNewest(count: number): readonly number[] {
    const kept = [...this.#values].flatMap(([index, state]) => (state === 'kept' ? [index] : []));
    this.#toErase = kept.slice(-count);
    return this.#toErase;
  }

  /** What of it is still there that is to go by now; undefined for nothing. */
  async owes(store: TreeView): Promise<string | undefined> {
    for (const { from, to } of this.#dropped.spans) {
      const bodies = await store.entries(from, to);
      const still = bodies.findIndex((body, at) => body !== undefined && this.#dropped.covers(from + at));
      if (still >= 0) return `the body of entry ${from + still}`;
    }
    const beside = new Set((await store.disclosures(0, this.size)).map(({ index }) => index));
    const still = this.#toErase.find((index) => beside.has(index));
    return still === undefined ? undefined : `the value beside entry ${still}`;
  }

  /** Numbers of the bundles whose bodies are gone. */
  get droppedBundles(): readonly number[] {
    return this.#dropped.spans.flatMap(({ from, to }) =>
      Array.from({ length: (to - from) / tileWidth }, (_, at) => from / tileWidth + at),
    );
  }

  #isRight(index: number, entry: Uint8Array | undefined): boolean {
    if (entry === undefined) return this.#dropped.covers(index);
    return Buffer.compare(entry, this.#entries[index] ?? none) === 0;
  }

  #takeRemovals(): void {
    const said = this.#removals.filter(({ seq }) => seq < this.#signed);
    this.#removals = this.#removals.filter(({ seq }) => seq >= this.#signed);
    for (const entry of said) {
      const range = droppedBy(entry);
      if (range !== undefined) this.#dropped.add(range);
      for (const index of redactedBy(entry)?.records ?? []) this.#values.set(index, 'erased');
    }
  }

  #demandRoot(size: number, root: Uint8Array, whose: string): void {
    if (Buffer.compare(referenceRoot(this.#entries.slice(0, size)), root) === 0) return;
    throw new Error(`${whose} of size ${size} has another root than the slow tree over the same entries`);
  }

  #take(bytes: Uint8Array): void {
    const index = this.size;
    const entry = decodeEntry(bytes);
    const { seq, type, certificate, certificateDer } = entry;
    if (seq !== index) throw new Error(`entry ${index} says seq ${String(seq)}`);
    this.#entries.push(bytes);
    if (type === 'log.pruned' || type === 'log.redacted') this.#removals.push(entry);
    if (memberOf(memberOf(entry.peer, 'ip'), 'commitment') !== undefined) this.#values.set(index, 'kept');
    if (type !== 'certificate.issued') return;
    const { serial, sha256 } = namesOf(certificate);
    if (sha256 !== sha256Of(Buffer.from(String(certificateDer), 'base64')))
      throw new Error(`entry ${index}: certificateDer is not the certificate of its sha256`);
    if (this.#serials.has(serial) || this.#logged.has(sha256))
      throw new Error(`entry ${index}: serial ${serial} came before`);
    this.#serials.add(serial);
    this.#logged.add(sha256);
  }
}

const sha256Of = (octets: Uint8Array) => createHash('sha256').update(octets).digest('hex');

function namesOf(certificate: unknown): { serial: string; sha256: string } {
  if (typeof certificate !== 'object' || certificate === null) throw new Error('a record without its certificate');
  if (!('serial' in certificate) || !('sha256' in certificate)) throw new Error('a certificate without its names');
  return { serial: String(certificate.serial), sha256: String(certificate.sha256) };
}
