import { hash } from 'node:crypto';
import { type Document, openDocuments } from '#document/document.ts';
import { readFiles, type TextFile } from '#document/files.ts';
import { DocumentError, type Problem } from '#document/problem.ts';
import { canonical } from '#policy/canonical.ts';
import { runRuleTests } from './cases.ts';
import { WatchRuleDocument } from './document.ts';
import { meaningProblems } from './meaning.ts';
import { compileRule, type WatchRule } from './rule.ts';

/** All rules in force, as one value that never changes. */
export interface RuleSet {
  /** SHA-256, hex, of the canonical content. */
  readonly id: string;
  /** Those that watch. */
  readonly rules: readonly WatchRule[];
  /** As written, by name. */
  readonly documents: readonly Document<WatchRuleDocument>[];
}

/** The rules of files and folders, with every case beside them passing. Throws DocumentError that names each fault. */
export function loadRuleSet(paths: readonly string[]): RuleSet {
  return provenRuleSet(readFiles(paths));
}

/** The same over texts already read. */
export function provenRuleSet(sources: readonly TextFile[]): RuleSet {
  const set = ruleSet(sources);
  const failures = runRuleTests(set.documents).flatMap(({ problem }) => problem ?? []);
  if (failures.length > 0) throw new DocumentError(failures);
  return set;
}

/** Reads and compiles rules; cases are not run. Throws DocumentError with every problem of every file. */
export function ruleSet(sources: readonly TextFile[]): RuleSet {
  const { documents, problems } = openDocuments(sources, WatchRuleDocument);
  problems.push(...documents.flatMap(meaningProblems), ...namesakes(documents));
  if (problems.length > 0) throw new DocumentError(problems);
  const byName = documents.toSorted((a, b) => (a.content.metadata.name < b.content.metadata.name ? -1 : 1));
  const watching = byName.filter(({ content }) => content.spec.mode !== 'off');
  return Object.freeze({
    id: hash('sha256', canonical(byName.map(({ content }) => content)), 'hex'),
    rules: Object.freeze(watching.map(({ content }) => compileRule(content))),
    documents: Object.freeze(byName),
  });
}

/** Two rules of one name could not be told apart in alerts. */
function namesakes(documents: readonly Document<WatchRuleDocument>[]): Problem[] {
  return documents.flatMap((document, index) => {
    const { name } = document.content.metadata;
    const first = documents.slice(0, index).find(({ content }) => content.metadata.name === name);
    return first === undefined
      ? []
      : [document.problem(['metadata', 'name'], `${first.file} has a rule of this name already`)];
  });
}
