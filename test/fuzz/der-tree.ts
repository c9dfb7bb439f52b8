import { element } from '#x509/der/writer.ts';

/** A DER value that can be taken apart and put together again with right lengths: what a mutation needs. */
export interface DerNode {
  readonly identifier: number;
  /** Children of a constructed value, or of the DER that an OCTET STRING holds; undefined for plain content. */
  readonly children?: readonly DerNode[];
  readonly content: Uint8Array;
}

/** Tolerates what it must and understands what it can; undefined where `bytes` are no sequence of TLVs. */
function readAll(bytes: Uint8Array): readonly DerNode[] | undefined {
  const nodes: DerNode[] = [];
  let at = 0;
  while (at < bytes.length) {
    const identifier = bytes[at] ?? 0;
    let length = bytes[at + 1] ?? 0;
    let contentAt = at + 2;
    if (length > 0x80) {
      const octets = length & 0x7f;
      length = 0;
      for (let i = 0; i < octets; i++) length = length * 256 + (bytes[contentAt + i] ?? 0);
      contentAt += octets;
    }
    if (contentAt + length > bytes.length) return undefined;
    const content = bytes.subarray(contentAt, contentAt + length);
    const nested = identifier & 0x20 || identifier === 0x04 ? readAll(content) : undefined;
    nodes.push(
      nested === undefined || nested.length === 0 ? { identifier, content } : { identifier, content, children: nested },
    );
    at = contentAt + length;
  }
  return nodes;
}

export function readTree(der: Uint8Array): DerNode {
  const [node] = readAll(der) ?? [];
  if (node === undefined) throw new Error('not DER');
  return node;
}

export function writeTree(node: DerNode): Uint8Array {
  return element(node.identifier, ...(node.children?.map(writeTree) ?? [node.content]));
}

export function countNodes(node: DerNode): number {
  return (node.children ?? []).reduce((sum, child) => sum + countNodes(child), 1);
}

/** The `index`-th node in depth-first order. */
export function nodeAt(node: DerNode, index: number): DerNode {
  let left = index;
  const find = (each: DerNode): DerNode | undefined => {
    if (left-- === 0) return each;
    for (const child of each.children ?? []) {
      const found = find(child);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return find(node) ?? node;
}

/** The tree with its `index`-th node (depth first) replaced by none, one or several. */
export function replaceAt(root: DerNode, index: number, change: (node: DerNode) => readonly DerNode[]): DerNode {
  let left = index;
  const walk = (node: DerNode): readonly DerNode[] => {
    if (left-- === 0) return change(node);
    if (node.children === undefined) return [node];
    return [{ ...node, children: node.children.flatMap(walk) }];
  };
  return walk(root)[0] ?? root;
}
