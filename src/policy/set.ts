import { hash } from 'node:crypto';
import { type Document, openDocuments } from '#document/document.ts';
import { DocumentError, type Problem } from '#document/problem.ts';
import { canonical } from './canonical.ts';
import { type AllowPolicy, compile, type DenyPolicy, meaningProblems, warnings } from './compile.ts';
import { PolicyDocument } from './document.ts';

/** A policy file as read: `file` is its name in messages. */
export interface PolicySource {
  readonly file: string;
  readonly text: string;
}

/** All policies in force, as one value that never changes. A new set replaces it whole or not at all. */
export interface PolicySet {
  /** SHA-256, hex, of the canonical content: it stands in every record and permit. */
  readonly id: string;
  /** Highest priority first. */
  readonly denies: readonly DenyPolicy[];
  readonly allows: readonly AllowPolicy[];
  /** As written, highest priority first: for tests, listings and records. */
  readonly documents: readonly Document<PolicyDocument>[];
  readonly warnings: readonly Problem[];
}

/**
 * Reads and compiles policies; cases beside the rules are not run (see `load.ts`). Throws DocumentError with every
 * problem of every file. `now` in ms since the epoch: an expired policy is not read.
 */
export function policySet(sources: readonly PolicySource[], now: number): PolicySet {
  const { documents, problems } = openDocuments(sources, PolicyDocument);
  problems.push(...documents.flatMap((document) => meaningProblems(document, now)), ...clashes(documents));
  if (sources.length === 0) problems.push(noPolicy);
  if (problems.length > 0) throw new DocumentError(problems);

  const byPriority = documents.toSorted((a, b) => b.content.spec.priority - a.content.spec.priority);
  const inForce = byPriority
    .filter(({ content }) => content.spec.mode !== 'off')
    .map(({ content }) => compile(content));
  return Object.freeze({
    id: hash('sha256', canonical(byPriority.map(({ content }) => content)), 'hex'),
    denies: Object.freeze(inForce.filter((policy) => policy.effect === 'deny')),
    allows: Object.freeze(inForce.filter((policy) => policy.effect === 'allow')),
    documents: Object.freeze(byPriority),
    warnings: Object.freeze(byPriority.flatMap((document) => warnings(document, now))),
  });
}

const noPolicy: Problem = {
  file: 'policy',
  line: 1,
  column: 1,
  path: '',
  message: 'there is no policy at all, so nothing could be issued; begin with policies/default.yaml',
};

/** Two policies of one name could not be told apart in the record; of two with one priority none would be first. */
function clashes(documents: readonly Document<PolicyDocument>[]): Problem[] {
  return documents.flatMap((document, index) => {
    const { metadata, spec } = document.content;
    const before = documents.slice(0, index);
    const namesake = before.find(({ content }) => content.metadata.name === metadata.name);
    const equal = before.find(({ content }) => content.spec.priority === spec.priority);
    return [
      namesake && document.problem(['metadata', 'name'], `${namesake.file} has a policy of this name already`),
      equal && document.problem(['spec', 'priority'], `${equal.file} has priority ${spec.priority} already`),
    ].filter((problem) => problem !== undefined);
  });
}
