import { existsSync, readFileSync } from 'node:fs';
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import Type, { type Static } from 'typebox';
import { hashLength, RightEdge } from '#audit/merkle.ts';
import { readDocument } from '#document/document.ts';
import { writeDurably } from '#keys/durable-file.ts';
import { Failure } from '../../failure.ts';
import { hashesBeside } from './manifest.ts';
import { type Plan, planMembers } from './plan.ts';
import type { Step } from './rows.ts';

const count = Type.Integer({ minimum: 0 });

const stateSchema = Type.Object({
  /** The command line that began it, as far as it says what is wanted. */
  asked: Type.String(),
  plan: Type.Object(planMembers),
  next: count,
  rows: count,
  dropped: Type.Optional(count),
  octets: count,
  hashes: count,
  edge: Type.Object({ size: count, roots: Type.Array(Type.String()) }),
  /** All is written; only the files have to go to their places. */
  whole: Type.Boolean(),
});

/** How far an export has come. What is in the files beyond that is of a moment that a crash undid. */
type State = Static<typeof stateSchema>;

export const stateBeside = (file: string) => `${file}.part.json`;
const partBeside = (file: string) => `${file}.part`;

/** How far an earlier run came with this file; undefined where none has begun. Throws DocumentError. */
export function readState(file: string): State | undefined {
  const path = stateBeside(file);
  return existsSync(path) ? readDocument(readFileSync(path, 'utf8'), path, stateSchema) : undefined;
}

export const beginState = (asked: string, plan: Plan): State => ({
  asked,
  plan,
  next: plan.from,
  rows: 0,
  dropped: 0,
  octets: 0,
  hashes: 0,
  edge: { size: 0, roots: [] },
  whole: false,
});

/** A file that grows beside its place, and goes there when it is whole. */
export class PartFile implements AsyncDisposable {
  readonly file: string;
  readonly #part: FileHandle;
  readonly #hashes: FileHandle;
  #state: State;

  private constructor(file: string, state: State, part: FileHandle, hashes: FileHandle) {
    this.file = file;
    this.#state = state;
    this.#part = part;
    this.#hashes = hashes;
  }

  /** Throws Failure where less is there than an earlier run has saved. */
  static async open(file: string, state: State): Promise<PartFile> {
    const part = await openAt(file, state.octets);
    const hashes = await openAt(hashesBeside(file), state.hashes * hashLength);
    return new PartFile(file, state, part, hashes);
  }

  get edge(): RightEdge {
    const { size, roots } = this.#state.edge;
    return RightEdge.of(
      size,
      roots.map((root) => Buffer.from(root, 'base64')),
    );
  }

  get state(): State {
    return this.#state;
  }

  async add(octets: Uint8Array, { rows, hashes, dropped, next }: Step): Promise<void> {
    await this.#part.appendFile(octets);
    if (hashes.length > 0) await this.#hashes.appendFile(Buffer.concat(hashes));
    const { octets: before, hashes: hashesBefore, rows: rowsBefore, dropped: droppedBefore = 0 } = this.#state;
    this.#state = {
      ...this.#state,
      octets: before + octets.length,
      hashes: hashesBefore + hashes.length,
      rows: rowsBefore + rows.length,
      dropped: droppedBefore + dropped,
      next,
    };
  }

  /** From here on a crash leaves at least this much. */
  async save(edge: RightEdge, whole = false): Promise<void> {
    await this.#part.datasync();
    await this.#hashes.datasync();
    const roots = edge.roots.map((root) => Buffer.from(root).toString('base64'));
    this.#state = { ...this.#state, edge: { size: edge.size, roots }, whole };
    await writeDurably(stateBeside(this.file), JSON.stringify(this.#state));
  }

  /** Both files to their places; without `hashes` that one is of no use, and goes. The state stays until `forget`. */
  async finish(hashes: boolean): Promise<void> {
    const beside = hashesBeside(this.file);
    if (hashes) await rename(partBeside(beside), beside);
    else await unlink(partBeside(beside));
    await rename(partBeside(this.file), this.file);
  }

  /** Once the manifest is there. */
  async forget(): Promise<void> {
    await unlink(stateBeside(this.file)).catch(() => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#part.close();
    await this.#hashes.close();
  }
}

async function openAt(file: string, length: number): Promise<FileHandle> {
  const path = partBeside(file);
  // A run that was killed while it put its files in place has left some there.
  if (length > 0 && !existsSync(path) && existsSync(file)) await rename(file, path);
  const handle = await open(path, 'a');
  const { size } = await handle.stat();
  if (size < length) {
    await handle.close();
    throw new Failure(
      'input',
      `${path}: has ${size} octets of the ${length} that were saved`,
      'remove it and its .part.json to begin anew',
    );
  }
  await handle.truncate(length);
  return handle;
}
