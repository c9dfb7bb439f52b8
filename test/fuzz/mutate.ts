import { countNodes, type DerNode, nodeAt, readTree, replaceAt, writeTree } from './der-tree.ts';

/** A small generator with a seed, so that a failing run can be run again (xorshift32). */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 1;
  }

  below(limit: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % limit;
  }

  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.below(choices.length)] ?? choices[0];
  }
}

type Mutation<T> = (value: T, dice: Dice) => T;

/** Octets that begin or end ranges, and the identifiers that a request holds. */
const interesting = [
  0x00, 0x01, 0x02, 0x7f, 0x80, 0x81, 0x82, 0xa0, 0xff, 0x03, 0x04, 0x05, 0x06, 0x0c, 0x13, 0x16, 0x1e, 0x30, 0x31,
  0x86,
] as const;

function splice(bytes: Uint8Array, at: number, remove: number, insert: readonly number[] = []): Uint8Array {
  return Uint8Array.from([...bytes.subarray(0, at), ...insert, ...bytes.subarray(at + remove)]);
}

const octetMutations: readonly [Mutation<Uint8Array>, ...Mutation<Uint8Array>[]] = [
  (bytes, dice) => flip(bytes, dice),
  (bytes, dice) => flip(bytes, dice),
  (bytes, dice) => bytes.with(dice.below(bytes.length), dice.pick(interesting)),
  (bytes, dice) => splice(bytes, dice.below(bytes.length), 1),
  (bytes, dice) => splice(bytes, dice.below(bytes.length), 0, [dice.pick(interesting)]),
  (bytes, dice) => bytes.slice(0, dice.below(bytes.length)),
  (bytes, dice) => splice(bytes, bytes.length, 0, [dice.pick(interesting)]),
];

function flip(bytes: Uint8Array, dice: Dice): Uint8Array {
  const at = dice.below(bytes.length);
  return bytes.with(at, (bytes[at] ?? 0) ^ (1 << dice.below(8)));
}

const treeMutations: readonly [Mutation<DerNode>, ...Mutation<DerNode>[]] = [
  // Twice the same element.
  (root, dice) => replaceAt(root, anywhere(root, dice), (node) => [node, node]),
  // None of it.
  (root, dice) => replaceAt(root, anywhere(root, dice), () => []),
  // Another element of the same request in its place, or behind it.
  (root, dice) => {
    const other = nodeAt(root, anywhere(root, dice));
    return replaceAt(root, anywhere(root, dice), () => [other]);
  },
  (root, dice) => {
    const other = nodeAt(root, anywhere(root, dice));
    return replaceAt(root, anywhere(root, dice), (node) => [node, other]);
  },
  // Another identifier.
  (root, dice) =>
    replaceAt(root, anywhere(root, dice), (node) => [{ ...node, identifier: dice.pick(interesting) & 0xff }]),
  (root, dice) =>
    replaceAt(root, anywhere(root, dice), (node) => [{ ...node, identifier: node.identifier ^ (1 << dice.below(8)) }]),
  // Other content, with right lengths all the way up.
  (root, dice) => replaceAt(root, anywhere(root, dice), (node) => [changeContent(node, dice)]),
  (root, dice) => replaceAt(root, anywhere(root, dice), (node) => [changeContent(node, dice)]),
  (root, dice) => replaceAt(root, anywhere(root, dice), (node) => [changeContent(node, dice)]),
  // Children in another order.
  (root, dice) =>
    replaceAt(root, anywhere(root, dice), (node) => [
      node.children === undefined ? node : { ...node, children: node.children.toReversed() },
    ]),
];

const anywhere = (root: DerNode, dice: Dice) => dice.below(countNodes(root));

function changeContent(node: DerNode, dice: Dice): DerNode {
  const content =
    node.content.length === 0 ? Uint8Array.of(dice.pick(interesting)) : dice.pick(octetMutations)(node.content, dice);
  return { identifier: node.identifier, content };
}

/** Octets changed without regard for structure. */
export function mutateOctets(der: Uint8Array, dice: Dice): Uint8Array {
  let changed = der;
  for (let times = 1 + dice.below(3); times > 0 && changed.length > 0; times--)
    changed = dice.pick(octetMutations)(changed, dice);
  return changed;
}

/** Elements changed, and every length put right again: mutants that get past the first check. */
export function mutateTree(der: Uint8Array, dice: Dice): Uint8Array {
  let root = readTree(der);
  for (let times = 1 + dice.below(2); times > 0; times--) root = dice.pick(treeMutations)(root, dice);
  return writeTree(root);
}

/** One character of a text replaced, removed or doubled. */
export function mutateText(text: string, dice: Dice): string {
  const at = dice.below(text.length);
  const character = text[at] ?? '';
  const other = dice.pick(['', character + character, '\n', '\r', ' ', '\0', '=', '-', 'A', 'é', '\ufeff']);
  return text.slice(0, at) + other + text.slice(at + 1);
}
