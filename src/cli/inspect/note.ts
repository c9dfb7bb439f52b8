import { parseCheckpoint } from '#audit/checkpoint.ts';
import { parseTlogProof } from '#audit/tlog-proof.ts';
import type { Fact } from '../terminal/facts.ts';
import type { Shown } from './show.ts';

/** A log's checkpoint; its signatures are named and not checked, for that needs the log's key. */
export function readCheckpoint(text: string): Shown {
  const data = checkpointData(text);
  return {
    kind: 'checkpoint',
    title: 'Log checkpoint',
    facts: checkpointFacts(data),
    notes: ['signatures are not checked here: `countersign audit verify` does that'],
    data,
  };
}

/** One certificate's inclusion proof with the checkpoint that it leads to. */
export function readProof(text: string): Shown {
  const { index, path, checkpoint } = parseTlogProof(text);
  const data = {
    index,
    path: path.map((hash) => Buffer.from(hash).toString('base64')),
    checkpoint: checkpointData(checkpoint),
  };
  return {
    kind: 'proof',
    title: 'Proof of inclusion (tlog-proof)',
    facts: [['index', String(index)], ['path', `${path.length} hashes`], ...checkpointFacts(data.checkpoint)],
    notes: ["the proof is not checked here: it needs the entry and the log's key"],
    data,
  };
}

function checkpointData(text: string) {
  const { origin, size, root, note } = parseCheckpoint(Buffer.from(text));
  return {
    origin,
    size,
    root: Buffer.from(root).toString('base64'),
    signatures: note.signatures.map(({ name, keyId }) => ({ name, keyId: keyId.toString(16).padStart(8, '0') })),
  };
}

function checkpointFacts({ origin, size, root, signatures }: ReturnType<typeof checkpointData>): Fact[] {
  return [
    ['origin', origin],
    ['size', `${size} entries`],
    ['root', root],
    ['signed by', signatures.map(({ name, keyId }) => `${name}+${keyId}`)],
  ];
}
