import { isAlias, isMap, isNode, isPair, isScalar, LineCounter, type Node, parseDocument, visit } from 'yaml';
import { DocumentError, type Problem } from './problem.ts';

/** Octets of text; a document that people review is never near it. */
const maxDocumentLength = 1024 * 1024;

const strictly = { schema: 'core', version: '1.2', merge: false, uniqueKeys: true, prettyErrors: false } as const;

/** Keys and indexes from the root of a document. */
export type Path = readonly (string | number)[];

/** A YAML text that holds exactly one plain document, and the way from a path in it back to a line. */
export interface Source {
  /** JSON-like content, not yet checked against anything. */
  readonly content: unknown;
  /** A problem at the value under `path`; with `at: 'key'`, at its key. A path that is not there points at its nearest parent. */
  problem(path: Path, message: string, extra?: { at?: 'key' | 'value'; suggestion?: string | undefined }): Problem;
}

/**
 * YAML 1.2, core schema, without what makes YAML surprising: one document, no duplicate keys, no aliases, no tags
 * beyond the core's. Throws DocumentError.
 */
export function openSource(text: string, file: string): Source {
  const counter = new LineCounter();
  const at = (offset: number, path: Path, message: string, suggestion?: string): Problem => {
    const { line, col } = counter.linePos(offset);
    const place = { file, line: Math.max(line, 1), column: Math.max(col, 1), path: dotted(path), message };
    return suggestion === undefined ? place : { ...place, suggestion };
  };
  if (text.length > maxDocumentLength) {
    throw new DocumentError([at(0, [], `the file is larger than ${maxDocumentLength / 1024 / 1024} MiB`)]);
  }
  const parsed = parseDocument(text, { ...strictly, lineCounter: counter });
  const faults = [...parsed.errors, ...parsed.warnings];
  const exhausted = faults.find((fault) => fault.code === 'RESOURCE_EXHAUSTION');
  if (exhausted !== undefined) throw new DocumentError([at(exhausted.pos[0], [], 'the file is nested too deeply')]);
  const found = faults.map((fault) => at(fault.pos[0], [], plain(fault.code, fault.message)));
  visit(parsed, {
    Alias: (_, node) => {
      found.push(
        at(
          node.range?.[0] ?? 0,
          [],
          'aliases are not used here: write the value out, in quotes where it begins with *',
        ),
      );
    },
    Pair: (_, pair) => {
      if (isScalar(pair.key) && typeof pair.key.value === 'string') return;
      const offset = isNode(pair.key) ? (pair.key.range?.[0] ?? 0) : 0;
      if (!isAlias(pair.key)) found.push(at(offset, [], 'a key must be a plain word; put it in quotes if it is one'));
    },
  });
  if (found.length > 0) throw new DocumentError(found);
  return {
    content: parsed.toJS({ maxAliasCount: 0 }),
    problem: (path, message, extra) =>
      at(offsetOf(parsed.contents, path, extra?.at ?? 'value'), path, message, extra?.suggestion),
  };
}

/** Nothing of the text is repeated: where somebody forgot quotes it may be a secret. */
function plain(code: string, message: string): string {
  if (code === 'MULTIPLE_DOCS') return 'a second document begins here; one file holds exactly one';
  if (code === 'DUPLICATE_KEY') return 'this key is already given above; each may stand once';
  if (code === 'TAG_RESOLVE_FAILED') return 'tags are not used here: put the value in quotes where it begins with !';
  // What YAML's reader quotes from the text comes last in its sentences.
  return message.replace(/(?:: |\s*[\\%]).*$/s, '');
}

/** Offset in the text of what `path` names, or of the nearest parent that exists. */
function offsetOf(root: Node | null, path: Path, want: 'key' | 'value'): number {
  let node: unknown = root;
  let offset = root?.range?.[0] ?? 0;
  for (const [depth, step] of path.entries()) {
    const wantKey = want === 'key' && depth === path.length - 1;
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && item.key.value === String(step));
      if (pair === undefined) return offset;
      node = wantKey || !isNode(pair.value) ? pair.key : pair.value;
    } else {
      node = isNode(node) && 'items' in node && Array.isArray(node.items) ? node.items[Number(step)] : undefined;
    }
    if (isPair(node) || !isNode(node)) return offset;
    offset = node.range?.[0] ?? offset;
  }
  return offset;
}

/** `spec.tests[0].given`. */
function dotted(path: Path): string {
  return path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`))
    .join('')
    .replace(/^\./, '');
}
