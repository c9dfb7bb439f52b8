import { isDeepStrictEqual } from 'node:util';
import type { Entry } from '#audit/entry.ts';
import { memberOf, textOf } from '#audit/json-object.ts';
import { DocumentError } from '#document/problem.ts';
import type { Evidence, PolicySetInForce } from '#evidence/evidence.ts';
import { documentOf, documentsIn } from '#evidence/gather/rules-in-force.ts';
import { policySet } from '#policy/set.ts';
import { Failure } from '../failure.ts';
import { packFiles } from './pack-files.ts';

/** What was in force is what its record says; a text of policies has the hash that it goes by. Throws Failure `no`. */
export function holdRules({ rules }: Evidence, proofs: ReadonlyMap<number, Entry>): void {
  for (const set of rules.policySets) {
    const { change } = recordOf(set, 'policy.loaded', proofs);
    const told = documentsIn(memberOf(change, 'content'));
    if (told === undefined ? !isNamedSo(set) : !isDeepStrictEqual(set.documents, told))
      throw new Failure('no', `${packFiles.evidence}: policy set ${set.id} does not say what the log has`);
  }
  for (const configuration of rules.configurations) {
    const { change } = recordOf(configuration, 'config.loaded', proofs);
    if (!isDeepStrictEqual(configuration.content, memberOf(change, 'content')))
      throw new Failure('no', `${packFiles.evidence}: configuration ${configuration.id} does not say what the log has`);
  }
}

interface Told {
  readonly id: string;
  readonly index: number;
  readonly time: string;
}

function recordOf({ id, index, time }: Told, type: string, proofs: ReadonlyMap<number, Entry>): Entry {
  const entry = proofs.get(index);
  const isIt =
    entry?.type === type && entry.time === time && (textOf(memberOf(entry.change, 'afterSha256')) ?? '') === id;
  if (entry === undefined || !isIt)
    throw new Failure('no', `${packFiles.evidence}: record ${index} did not bring ${id} into force`);
  return entry;
}

/** Its pieces stand in records of their own: the hash says whether it is they. One that is masked hashes to nothing. */
function isNamedSo({ id, time, documents }: PolicySetInForce): boolean {
  if (documents === undefined) return true;
  const texts = documents.map(({ content }) => JSON.stringify(content));
  const told = texts.map((text) => documentOf(JSON.parse(text)));
  if (!isDeepStrictEqual(documents, told)) return false;
  if (texts.some((text) => text.includes('?[masked]'))) return true;
  try {
    const sources = texts.map((text, at) => ({ file: `policy ${at}`, text }));
    return policySet(sources, Date.parse(time)).id === id;
  } catch (thrown) {
    if (thrown instanceof DocumentError) return false;
    throw thrown;
  }
}
