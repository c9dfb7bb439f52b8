import { RightEdge } from './merkle.ts';

/** A complete subtree: its leaves are [index·2^height, (index + 1)·2^height). */
export interface Subtree {
  readonly height: number;
  readonly index: number;
}

/**
 * The fewest complete subtrees that are exactly leaves [from, to), left to right. Their roots stand for leaves that are not
 * shown: with these, and the leaves that are, whoever goes from left to right gets the root of the whole tree.
 */
export function* coverOf(from: number, to: number): Generator<Subtree> {
  for (let at = from; at < to; ) {
    let height = 0;
    while (at % 2 ** (height + 1) === 0 && at + 2 ** (height + 1) <= to) height++;
    yield { height, index: at / 2 ** height };
    at += 2 ** height;
  }
}

/** Gives the roots of complete subtrees, at once or once they are fetched. */
interface Roots {
  subtree(height: number, index: number): Uint8Array | Promise<Uint8Array>;
}

/** Takes the edge from where it is to `to`, by roots alone; gives those that it took. */
export async function skip(edge: RightEdge, to: number, source: Roots): Promise<Uint8Array[]> {
  const taken: Uint8Array[] = [];
  for (const { height, index } of coverOf(edge.size, to)) {
    const root = await source.subtree(height, index);
    edge.appendSubtree(height, root);
    taken.push(root);
  }
  return taken;
}

/** Root over the first `size` leaves. */
export async function rootOf(source: Roots, size: number): Promise<Uint8Array> {
  const edge = new RightEdge();
  await skip(edge, size, source);
  return edge.root();
}
