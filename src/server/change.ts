import { hash } from 'node:crypto';
import type { Entry } from '#audit/entry.ts';
import type { Json } from '#audit/event.ts';
import { isObject, type JsonObject } from '#audit/json-object.ts';
import { canonicalConfig } from '#config/canonical.ts';
import type { LoadedConfig } from '#config/load.ts';
import type { RuleSet } from '#detection/rule-set.ts';
import { canonical } from '#policy/canonical.ts';
import type { PolicySet } from '#policy/set.ts';
import { differences } from './difference.ts';

/** Characters of content that a record carries: with the difference it stays far under the record's own limit. */
const maxContent = 8_000;

/** What governs the server, under its hash. */
interface State {
  readonly id: string;
  readonly content: { readonly [name: string]: Json };
}

/** What is known of an earlier one; where its content was too long for a record, a digest of each part. */
interface Earlier {
  readonly id: string;
  readonly content?: Json;
  readonly digests?: Json;
}

/** The `change` of a record (contract audit §6.3): from which state to which, and what differs between them. */
type Change = JsonObject;

/** A configuration against the one that the log was told of last. */
export function configChange({ file, sha256, record, config }: LoadedConfig, last: Entry | undefined): Change {
  const content = isObject(record) ? record : {};
  const change = changed({ id: sha256, content }, last && earlierIn(last));
  // decisions hang on them, and have to be made again from the log alone
  const trustDomains = change.content === undefined && [config.trustDomain, ...config.trustDomainAliases];
  return { kind: 'config', source: file, ...change, ...(trustDomains && { trustDomains }) };
}

/** Policies against those in force until now. */
export function policyChange(after: PolicySet, before: PolicySet): Change {
  return { kind: 'policy-set', ...changed(policyState(after), policyState(before)) };
}

/** Watch rules against those in force until now, where there were any. */
export function rulesChange(after: RuleSet, before: RuleSet | undefined): Change {
  return { kind: 'watch-rules', ...changed(rulesState(after), before && rulesState(before)) };
}

const rulesState = ({ id, documents }: RuleSet): State => ({
  id,
  content: Object.fromEntries(documents.map(({ content }) => [content.metadata.name, canonicalConfig(content)])),
});

/** Policies against those that the log was told of last. */
export function policyChangeSince(after: PolicySet, last: Entry | undefined): Change {
  return { kind: 'policy-set', ...changed(policyState(after), last && earlierIn(last)) };
}

/**
 * What the policies say, in pieces for as many records, where one has no room for it: an auditor decides again by them.
 * Put together and hashed the pieces give the set's id, unless something in them is masked.
 */
export function policyTexts(set: PolicySet): Change[] {
  const state = policyState(set);
  if (carried(state).content !== undefined) return [];
  const whole = canonical(set.documents.map(({ content }) => canonicalConfig(content)));
  const pieces = whole.match(pieceOfText) ?? [];
  return pieces.map((text, part) => ({
    kind: 'policy-set',
    afterSha256: set.id,
    part,
    parts: pieces.length,
    text,
  }));
}

/** Characters, by which none is cut in two: each may take three octets. */
const pieceOfText = /[\s\S]{1,3800}/gu;

/** What each policy says, by its name. */
function policyState({ id, documents }: PolicySet): State {
  const byName = documents.map(({ content }) => [content.metadata.name, canonicalConfig(content)] as const);
  return { id, content: Object.fromEntries(byName) };
}

function earlierIn({ change }: Entry): Earlier | undefined {
  if (!isObject(change) || typeof change.afterSha256 !== 'string') return undefined;
  const { afterSha256: id, content, digests } = change;
  return { id, ...(content !== undefined && { content }), ...(digests !== undefined && { digests }) };
}

function changed(after: State, before: Earlier | undefined): Change {
  const diff = before && differenceOf(before, after);
  return {
    ...(before && { beforeSha256: before.id }),
    afterSha256: after.id,
    ...carried(after),
    ...(diff && { diff }),
  };
}

function differenceOf(before: Earlier, after: State): string[] | undefined {
  if (before.content !== undefined) return differences(before.content, after.content);
  return before.digests === undefined ? undefined : differences(before.digests, digestsOf(after));
}

/** The content itself; a digest of each part where that is too long; nothing where even those are. */
function carried(state: State): Change {
  if (JSON.stringify(state.content).length <= maxContent) return { content: state.content };
  const digests = digestsOf(state);
  return JSON.stringify(digests).length <= maxContent ? { digests } : {};
}

const digestsOf = ({ content }: State): Record<string, Json> =>
  Object.fromEntries(
    Object.entries(content).map(([name, part]) => [name, hash('sha256', JSON.stringify(part), 'hex')]),
  );
