import { join } from 'node:path';
import { tileWidth } from '#audit/tiles.ts';
import { readIfThere, writeDurably } from './durable-file.ts';
import { removeDropped } from './publish.ts';
import type { TreeView } from './tree-view.ts';

/** Bundles that one step takes away; proofs and publication wait for it. */
const bundlesAtOnce = 32;
/** How far it has come: how many records were followed, and the next bundle of the one after. */
const markFile = join('retained', '.withdrawn');

/**
 * Takes from a published directory what was dropped from the store; true while there is more. What the record that says so is
 * not published with waits: whoever reads the directory would miss bodies without a word. A directory that is written anew has
 * nothing to be taken away, and no mark; going over it again does no harm.
 */
export async function withdraw(tree: TreeView, directory: string, published: number): Promise<boolean> {
  const { records } = await tree.dropped();
  const file = join(directory, markFile);
  let { followed, bundle } = readMark(file);
  const range = records[followed];
  if (range === undefined || range.record >= published) return false;
  const last = range.to / tileWidth;
  const kept = new Set(range.kept);
  bundle = Math.max(bundle, range.from / tileWidth);
  const end = Math.min(last, bundle + bundlesAtOnce);
  for (; bundle < end; bundle++) {
    const bodies = await tree.entries(bundle * tileWidth, (bundle + 1) * tileWidth);
    // Not all are gone yet while the store is at it: what is published is what will be left.
    const left = bodies.map((body, at) => (kept.has(bundle * tileWidth + at) ? body : undefined));
    removeDropped(directory, bundle, left);
  }
  if (bundle === last) [followed, bundle] = [followed + 1, 0];
  writeDurably(file, `${followed} ${bundle}\n`);
  return (records[followed]?.record ?? published) < published;
}

/** One that is lost or damaged costs going over all again. */
function readMark(file: string): { followed: number; bundle: number } {
  const [followed = 0, bundle = 0] = (readIfThere(file)?.toString('utf8') ?? '').match(/[0-9]+/g)?.map(Number) ?? [];
  return { followed, bundle };
}
